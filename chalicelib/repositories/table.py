"""What a repository asks of the one table; `dynamodb` and `memory` answer it alike (tests/contract holds them to it).

An item is a mapping of JSON values with at least `pk` and `sk`. Every write states what it expects to find.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chalicelib.repositories.keys import TTL, Key

Item = dict[str, Any]

VERSION = "version"
DELETED = "deleted"
WRITE_ID = "write_id"
"""Set anew by each write, so that a write that is repeated after a lost answer knows its own work."""


@dataclass(frozen=True)
class Absent:
    """Expect nothing: no item, or a tombstone whose time has passed."""


@dataclass(frozen=True)
class Alive:
    """Expect an item that is not deleted, has one of these versions (None: any), and these attribute values."""

    versions: frozenset[int] | None = None
    equals: Mapping[str, Any] = field(default_factory=dict)


Expected = Absent | Alive


@dataclass(frozen=True)
class Put:
    """Write a whole item."""

    item: Item
    expected: Expected = field(default_factory=Absent)

    @property
    def key(self) -> Key:
        """The item's key."""
        return Key(self.item["pk"], self.item["sk"])


@dataclass(frozen=True)
class Update:
    """Set and remove attributes of an item, and count its version up."""

    key: Key
    assign: Mapping[str, Any]
    remove: Sequence[str] = ()
    expected: Alive = field(default_factory=Alive)


@dataclass(frozen=True)
class Delete:
    """Remove an item."""

    key: Key
    expected: Alive = field(default_factory=Alive)


@dataclass(frozen=True)
class Check:
    """Write nothing, but expect something of an item; only within a transaction."""

    key: Key
    expected: Expected = field(default_factory=Alive)


class ConditionFailedError(Exception):
    """The write at `index` (0 where there is one) did not find what it expected; `item` is what it found.

    `found` is what all the writes found that did not find what they expected.
    """

    def __init__(self, index: int, item: Item | None, found: Sequence[Item] = ()) -> None:
        super().__init__(index)
        self.index = index
        self.item = item
        self.found = found


class Table(Protocol):
    """The one table. Every method may raise UnavailableError; writes raise ConditionFailedError, TooLargeError."""

    def get(self, key: Key) -> Item | None:
        """Return the item, read consistently; None where there is none or only a tombstone."""

    def get_all(self, keys: Sequence[Key]) -> list[Item | None]:
        """Return what `get` would for each of up to 100 keys, in one call, each item read consistently."""

    def write(self, write: Put | Update) -> Item:
        """Do one write and return the whole item as it is now."""

    def apply(self, write: Put | Update) -> None:
        """Do one write, where the item is not wanted: that is cheaper."""

    def transact(self, writes: Sequence[Put | Update | Delete | Check]) -> None:
        """Do all of the writes or none."""

    def query(self, index: str, partition: str, *, after: str | None, limit: int) -> list[Item]:
        """Return up to `limit` items of an index's partition, in the order of its sort key, from behind `after`."""


def meets(item: Item | None, expected: Expected, *, now: float) -> bool:
    """Tell whether an item (None: there is none) is what was expected at the Unix time `now`."""
    if isinstance(expected, Absent):
        return item is None or (DELETED in item and bool(item[TTL] <= now))
    return (
        item is not None
        and DELETED not in item
        and (expected.versions is None or item[VERSION] in expected.versions)
        and all(item.get(name) == value for name, value in expected.equals.items())
    )
