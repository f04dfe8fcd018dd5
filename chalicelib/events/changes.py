"""From a record of the table's stream to what it means. Pure; a record that can't be read raises KeyError or TypeError.

A thing is there as long as its item is and has no tombstone. What counts is that it came or went: an item that is put
over an old tombstone is a new thing, and the removal of a tombstone is nothing.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.models.events import Event, ObjectAbandoned, OrderPlaced, PersonDeleted
from chalicelib.repositories.table import DELETED

Record = Mapping[str, Any]
"""One of a DynamoDB stream event's `Records`."""

_READ = ("type", "id", "object_key", "object_version", "updated_at", DELETED)
"""The attributes of an image that `meaning` reads."""
_LONG = 1_000


def meaning(record: Record) -> list[Event]:
    """Return what a record says that somebody has to act on."""
    change = record["dynamodb"]
    before, after = _there(change.get("OldImage")), _there(change.get("NewImage"))
    if before is None and after is not None and after["type"]["S"] == "order":
        return [OrderPlaced(order_id=after["id"]["S"])]
    if before is not None and after is None:
        match before["type"]["S"]:
            case "person":
                return [PersonDeleted(person_id=before["id"]["S"], deleted_at=_time(change))]
            case "document":
                version = before.get("object_version", {}).get("S")
                return [ObjectAbandoned(key=before["object_key"]["S"], version=version)]
    return []


def shortened(record: Record) -> dict[str, Any]:
    """Return of a record what its meaning is read from: it must fit a message, and an item may have 400 KB."""
    change = record["dynamodb"]
    images = {name: _short(change[name]) for name in ("OldImage", "NewImage") if name in change}
    kept = {name: change[name] for name in ("Keys", "ApproximateCreationDateTime") if name in change}
    return {"eventID": record.get("eventID"), "dynamodb": {**kept, **images}}


def _time(change: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the event's model reads times
    """Return when a thing went: what its tombstone says, or else the stream."""
    tombstone = change.get("NewImage")
    return tombstone["updated_at"]["S"] if tombstone else change["ApproximateCreationDateTime"]


def _there(image: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if image is None or DELETED in image else image


def _short(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: image[name] for name in _READ if len(str(image.get(name, "?" * _LONG))) < _LONG}
