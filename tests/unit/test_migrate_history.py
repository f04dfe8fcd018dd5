"""The history of migrations: one item, which never grows too large, and never forgets what is applied."""

from typing import Any

from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import read
from tests.migrations import CENTS, NICK, TABLE


class Item:
    """A DynamoDB of one item."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {}

    def get_item(self, **_: Any) -> Any:
        """GetItem."""
        return {"Item": self.item}

    def put_item(self, **put: Any) -> None:
        """PutItem."""
        self.item = put["Item"]


def test_the_history_is_bounded_and_keeps_the_last_run_of_each_version() -> None:
    """However often the newest goes up and down, what was applied long ago still is."""
    dynamodb: Any = Item()
    ledger = Ledger(dynamodb, Layout.read(TABLE, table="t"), who="ada", now=lambda: 0.0)
    ledger.acquire()
    first, second = read("0001_nick", NICK), read("0002_cents", CENTS)
    ledger.finish(ledger.begin(first, "up", segments=1))
    for _ in range(150):
        ledger.finish(ledger.begin(second, "up", segments=1))
        ledger.finish(ledger.begin(second, "down", segments=1))
    assert (len(ledger.history), ledger.history[0].entry) == (102, first.entry)
    assert ledger.applied == {1: first.entry}
    ledger.read()
    assert [run.direction for run in ledger.history[-3:]] == ["down", "up", "down"]
