"""A table whose calls are noted, and before which a test can act: as somebody else who writes, or as a fault."""

from collections import defaultdict
from collections.abc import Callable, Sequence

from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import Check, Delete, Item, Put, Table, Update

Action = Callable[[], object]


def nothing() -> None:
    """Do nothing."""


class Watched:
    """Stands before a table. `before` holds what to do at each call of a name."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.calls: list[str] = []
        self.before: dict[str, Action] = defaultdict(lambda: nothing)

    def once_before(self, name: str, action: Action) -> None:
        """Do something before the next call of a name, and not again."""

        def act() -> None:
            del self.before[name]
            action()

        self.before[name] = act

    def get(self, key: Key) -> Item | None:
        """Note it, and get an item."""
        self._note("get")
        return self._table.get(key)

    def get_all(self, keys: Sequence[Key]) -> list[Item | None]:
        """Note it, and get items."""
        self._note("get_all")
        return self._table.get_all(keys)

    def write(self, write: Put | Update) -> Item:
        """Note it, and write."""
        self._note("write")
        return self._table.write(write)

    def apply(self, write: Put | Update) -> None:
        """Note it, and write."""
        self._note("apply")
        self._table.apply(write)

    def transact(self, writes: Sequence[Put | Update | Delete | Check]) -> None:
        """Note it, and write together."""
        self._note("transact")
        self._table.transact(writes)

    def query(self, index: str, partition: str, *, after: str | None, limit: int) -> list[Item]:
        """Note it, and query."""
        self._note("query")
        return self._table.query(index, partition, after=after, limit=limit)

    def _note(self, name: str) -> None:
        self.calls.append(name)
        self.before[name]()
