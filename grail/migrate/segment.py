"""How far a run is in one segment of the table: where, how many, and which items were set aside."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grail.migrate import values
from grail.migrate.cell import Cell, FencedError
from grail.migrate.layout import Layout, Raw

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_ASIDE = 200_000
"""Bytes of keys and reasons, which each batch writes anew: with the rest, they must fit one item of 400 KB."""
_OVERHEAD = 4
"""Bytes that DynamoDB counts for an entry of a map, at most, beside its name and value."""


@dataclass(frozen=True)
class Progress:
    """A segment's state in a walk. `position` is the key behind which it goes on, None at the start.

    `aside` has the reason for each item that was set aside, by its key.
    """

    walk: str
    position: Mapping[str, Any] | None = None
    done: bool = False
    written: int = 0
    unchanged: int = 0
    aside: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        """Whether more is set aside than can be written."""
        return sum(len((key + why).encode()) + _OVERHEAD for key, why in self.aside.items()) > MOST_ASIDE


class Segment:
    """One segment's item. Not safe to use from several threads."""

    def __init__(self, dynamodb: "DynamoDBClient", layout: Layout, number: int) -> None:
        self.number = number
        self.cell = Cell(dynamodb, layout, f"SEGMENT#{number}")
        self.progress = Progress("")
        self._token = 0

    def fence(self, token: int) -> None:
        """Take it over: from now on, no write of an earlier holder gets through. Raises FencedError for a later one."""
        while True:
            state = self.cell.read()
            if state.get("token", 0) > token:
                raise FencedError
            try:
                self.cell.write({**state, "token": token})
            except FencedError:  # the old holder's last write, or the next one's first
                continue
            self._token = token
            state.pop("token", None)
            self.progress = Progress(**state) if state else Progress("")
            return

    def look(self) -> None:
        """See how far it is, without taking it over."""
        state = self.cell.read()
        state.pop("token", None)
        self.progress = Progress(**state) if state else Progress("")

    def enter(self, walk: str) -> None:
        """Go on with a walk, or begin it."""
        if self.progress.walk != walk:
            self.progress = Progress(walk)

    def put(self, progress: Progress) -> dict[str, Any]:
        """Return the parameters of the write of new progress."""
        return self.cell.put({**vars(progress), "token": self._token})

    def wrote(self, progress: Progress) -> None:
        """Take note that the progress was written."""
        self.cell.wrote()
        self.progress = progress

    def save(self, progress: Progress) -> None:
        """Write progress alone. Raises FencedError."""
        self.cell.write({**vars(progress), "token": self._token})
        self.progress = progress


def aside_key(key: Raw) -> str:
    """Return an item's key as text, which says it all and can be read."""
    return json.dumps(values.plain(key), sort_keys=True, default=_binary, ensure_ascii=False)


def key_aside(text: str) -> dict[str, Any]:
    """Return the key that a text is of."""
    return values.stored(json.loads(text, object_hook=_unbinary))


def _binary(value: object) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else str(value)


def _unbinary(found: dict[str, Any]) -> Any:  # noqa: ANN401 - a mapping, or bytes
    return bytes.fromhex(found["hex"]) if set(found) == {"hex"} else found
