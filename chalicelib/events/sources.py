"""From what the platform hands over to the work: the table's stream, and S3's events through EventBridge."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.events import changes
from chalicelib.events.words import told
from chalicelib.events.work import Work
from chalicelib.models.events import ChangeMissed, Event, ObjectStored
from chalicelib.repositories.objects import DOCUMENTS
from chalicelib.repositories.queue import Parked, Queue

_GLIMPSE = 1_000
"""Characters."""

Report = Mapping[str, Any]
"""What became of an event: for the log, and for whoever invoked the function."""


class Stream:
    """Takes the records of the table's stream, which come again and again until the function returns."""

    def __init__(self, work: Work, queue: Queue, *, now: Callable[[], datetime]) -> None:
        self._work = work
        self._queue = queue
        self._now = now

    def take(self, records: Sequence[changes.Record], *, function: str) -> Report:
        """Send on what the records mean; one that can't be read is parked, and the shard goes on.

        Raises UnavailableError where nothing can be sent; then nothing else could be done with the records either.
        """
        found: list[Event] = []
        missed: list[Parked] = []
        for record in records:
            try:
                found += changes.meaning(record)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, those behind it can't wait
                missed.append(_missed(record, error))
        self._work.tell(found)
        self._queue.park(missed, function=function, at=self._now())
        return {"records": len(records), "events": len(found), "parked": len(missed)} if found or missed else {}


def _missed(record: changes.Record, error: Exception) -> Parked:
    try:
        left = changes.shortened(record)
    except Exception:  # noqa: BLE001 - not even that
        left = {"eventID": record.get("eventID"), "unreadable": str(record)[:_GLIMPSE]}
    body = ChangeMissed(record=left).model_dump_json(ensure_ascii=True)
    return Parked(str(left.get("eventID") or "unknown"), body, told(error))


class Uploads:
    """Takes EventBridge's "Object Created"."""

    def __init__(self, work: Work, queue: Queue) -> None:
        self._work = work
        self._queue = queue

    def take(self, event: Mapping[str, Any]) -> Report:
        """Take note of an upload. Lambda would try again twice and then forget it; the queue tries for longer."""
        s3_object = event["detail"]["object"]
        stored = ObjectStored(
            key=s3_object["key"], size=s3_object["size"], md5=s3_object["etag"], version=s3_object.get("version-id")
        )
        try:
            return {"outcome": self._work.do(stored)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the queue keeps count of it, and in the end its words
            self._queue.send([stored])
            return {"outcome": "left to the queue", "error": type(error).__name__}


def uploaded_to(bucket: str) -> dict[str, Any]:
    """Return the pattern of the events that `Uploads` takes."""
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [{"prefix": DOCUMENTS}]}},
    }
