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
                return [PersonDeleted(person_id=before["id"]["S"])]
            case "document":
                return [ObjectAbandoned(key=before["object_key"]["S"])]
    return []


def shortened(record: Record) -> dict[str, Any]:
    """Return a record without its long values, so that it fits a message whatever it has (an item may have 400 KB)."""
    change = record.get("dynamodb", {})
    images = {name: _short(change[name]) for name in ("Keys", "OldImage", "NewImage") if name in change}
    return {**record, "dynamodb": {**change, **images}}


def _there(image: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if image is None or DELETED in image else image


def _short(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if len(str(value)) <= _LONG}
