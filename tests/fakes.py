"""A queue and a bucket in this process, as far as the app uses them."""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from pydantic import BaseModel

from chalicelib.repositories.queue import QUEUES, Parked

VISIBILITY_SECONDS = QUEUES["events"]["visibility_seconds"]


@dataclass
class Waiting:
    """A message in a queue: when it can be received, how often it was."""

    id: str
    body: str
    visible_at: float
    receives: int = 0


class MemoryQueue:
    """A `Queue`, and what a poller of Lambda's does with it."""

    def __init__(self, *, now: Callable[[], float] = lambda: 0.0) -> None:
        self._now = now
        self._numbers = itertools.count(1)
        self.waiting: dict[str, Waiting] = {}
        self.dead: list[Parked] = []

    def send(self, messages: Iterable[BaseModel], *, delay: int = 0) -> list[str]:
        """Add messages."""
        return [self.add(message.model_dump_json(), delay=delay) for message in messages]

    def add(self, body: str, *, delay: int = 0) -> str:
        """Add a message of any text."""
        identifier = f"message-{next(self._numbers)}"
        self.waiting[identifier] = Waiting(identifier, body, self._now() + delay)
        return identifier

    def receive(self, most: int = 10) -> dict[str, Any]:
        """Return Lambda's event with what can be received now; it can't be for a while."""
        records: list[dict[str, Any]] = []
        for message in self.waiting.values():
            if message.visible_at <= self._now() and len(records) < most:
                message.receives += 1
                message.visible_at = self._now() + VISIBILITY_SECONDS
                records.append(
                    {
                        "messageId": message.id,
                        "receiptHandle": message.id,
                        "body": message.body,
                        "attributes": {"ApproximateReceiveCount": str(message.receives)},
                    }
                )
        return {"Records": records}

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages."""
        for receipt in receipts:
            self.waiting.pop(receipt, None)

    def hold_back(self, seconds: Mapping[str, int]) -> None:
        """Let messages come back."""
        for receipt, wait in seconds.items():
            if receipt in self.waiting:
                self.waiting[receipt].visible_at = self._now() + wait

    def park(self, messages: Sequence[Parked], *, function: str, at: datetime) -> None:  # noqa: ARG002 - a Queue's
        """Keep what was given up."""
        self.dead += messages


class MemoryObjects:
    """`Objects`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.deleted: list[tuple[str, str | None]] = []

    def upload_form(self, key: str, *, content_type: str, size: int, seconds: int) -> tuple[str, dict[str, str]]:
        """Return a form."""
        return "https://bucket.test", {"key": key, "Content-Type": content_type, "x-size": f"{size} for {seconds}"}

    def download_link(self, key: str, *, version: str | None, filename: str, seconds: int) -> str:
        """Return a link."""
        return f"https://bucket.test/{key}?{version}&{filename}&{seconds}"

    def put(self, key: str, body: BinaryIO, *, content_type: str) -> None:  # noqa: ARG002 - the bucket's
        """Keep an object."""
        body.seek(0)
        self.kept[key] = body.read()

    def delete(self, key: str, *, version: str | None) -> None:
        """Forget an object."""
        self.deleted.append((key, version))
        self.kept.pop(key, None)
