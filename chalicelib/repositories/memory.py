"""The table in this process's memory: for resources that need not outlive it, for unit tests and benchmarks."""

import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from threading import Lock

from chalicelib.repositories import keys
from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import (
    DELETED,
    VERSION,
    Check,
    ConditionFailedError,
    Delete,
    Item,
    Put,
    Update,
    meets,
)


class MemoryTable:
    """A `Table` in memory. Safe to use from several threads."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._items: dict[Key, Item] = {}
        self._lock = Lock()
        self._now = now

    def get(self, key: Key) -> Item | None:
        """Return a copy of the item."""
        with self._lock:
            item = self._items.get(key)
            return None if item is None or DELETED in item else deepcopy(item)

    def get_all(self, keys: Sequence[Key]) -> list[Item | None]:
        """Return copies of items."""
        return [self.get(key) for key in keys]

    def write(self, write: Put | Update) -> Item:
        """Do one write."""
        with self._lock:
            self._check(0, write)
            self._apply(write)
            return deepcopy(self._items[write.key])

    def apply(self, write: Put | Update) -> None:
        """Do one write."""
        self.write(write)

    def transact(self, writes: Sequence[Put | Update | Delete | Check]) -> None:
        """Do all of the writes or none."""
        with self._lock:
            for index, write in enumerate(writes):
                self._check(index, write)
            for write in writes:
                self._apply(write)

    def query(self, index: str, partition: str, *, after: str | None, limit: int) -> list[Item]:
        """Return a page of an index's partition."""
        hash_key, sort_key = keys.INDEXES[index]
        with self._lock:
            found = [
                item
                for item in self._items.values()
                if item.get(hash_key) == partition and (after is None or item[sort_key] > after)
            ]
            found.sort(key=lambda item: item[sort_key])
            return deepcopy(found[:limit])

    def _check(self, index: int, write: Put | Update | Delete | Check) -> None:
        item = self._items.get(write.key)
        if not meets(item, write.expected, now=self._now()):
            raise ConditionFailedError(index, deepcopy(item))

    def _apply(self, write: Put | Update | Delete | Check) -> None:
        match write:
            case Put():
                self._items[write.key] = deepcopy(write.item)
            case Update():
                item = self._items[write.key]
                item.update(deepcopy(dict(write.assign)))
                item[VERSION] += 1
                for name in write.remove:
                    item.pop(name, None)
            case Delete():
                del self._items[write.key]
            case Check():
                pass
