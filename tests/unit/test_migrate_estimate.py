"""What a run is said to take, before it begins, and what is said of it after."""

from typing import Any

import pytest

from grail.errors import GrailError
from grail.migrate import change, report
from grail.migrate.engine import Outcome
from grail.migrate.estimate import Estimate, estimate
from grail.migrate.layout import Layout
from grail.migrate.run import Run
from grail.migrate.values import stored
from tests.migrations import TABLE, UPGRADES, nick, user

INDEXED = {**TABLE, "indexes": {"one": ("kind", "id"), "two": ("elsewhere", "id")}}
RUN = Run("0001_nick", "c", "up", 4, 1, "ada", "", counts={"written": 1234})


class Table:
    """A DynamoDB of one page, and of as many items more as it says."""

    def __init__(self, page: list[dict[str, Any]], *, scanned: int, total: int, size: int) -> None:
        self._page = {"Items": [stored(item) for item in page], "ScannedCount": scanned}
        self._page |= {"LastEvaluatedKey": {}} if total > scanned else {}
        self._described = {"Table": {"ItemCount": total, "TableSizeBytes": size}}

    def scan(self, **_: Any) -> Any:
        """Scan."""
        return self._page

    def describe_table(self, **_: Any) -> Any:
        """DescribeTable."""
        return self._described


def guess(table: Any, *, most_units: float | None = None) -> Estimate:
    """Return what bringing users to their second schema version is said to take."""
    layout = Layout.read(INDEXED, table="t")
    wanted = change.of(nick(), change.UP, layout=layout, upgrades=UPGRADES)
    return estimate(table, wanted, segments=4, most_units=most_units)


def test_a_million_items_of_one_kilobyte() -> None:
    """Of which a half is meant: two units each in a transaction, one for the index; two walks, 4 KB a unit."""
    page = [user(number, blob="x" * 500) for number in range(500)]
    found = guess(Table(page, scanned=1_000, total=1_000_000, size=1_024_000_000))
    assert (found.items, found.is_exact, found.write_units, found.read_units) == (500_000, False, 1_540_000, 500_000)
    assert found.dollars == pytest.approx(1.54 * 0.625 + 0.5 * 0.125)
    assert found.seconds == 250
    assert found.described() == (
        "about 500,000 items, 1,540,000 write units, 500,000 read units, $1.03 (on demand, us-east-1), about 5 min"
    )


def test_a_limit_makes_it_last() -> None:
    """As long as the units take."""
    found = guess(Table([user(1)], scanned=1, total=10_000, size=10_000_000), most_units=10)
    assert found.seconds == (found.write_units + found.read_units) / 10
    assert found.described().endswith("about 60 min")


def test_a_small_table_is_counted() -> None:
    """And an empty one costs nothing."""
    assert guess(Table([user(1)], scanned=3, total=3, size=900)).described() == (
        "1 item, 4 write units, 1 read unit, $0.01 (on demand, us-east-1), about 1 s"
    )
    empty = guess(Table([], scanned=0, total=0, size=0))
    assert (empty.items, empty.write_units, empty.sample) == (0, 0, [])
    assert empty.dollars == pytest.approx(0, abs=1e-6)


class Pages(Table):
    """A large table, of which only one page has what is meant."""

    def __init__(self, place: int) -> None:
        super().__init__([], scanned=1_000, total=1_000_000, size=1_024_000_000)
        self._empty = place - 1

    def scan(self, *, ExclusiveStartKey: dict[str, int] | None = None, **_: Any) -> Any:  # noqa: N803 - boto3's
        """Scan."""
        number = (ExclusiveStartKey or {"page": 0})["page"]
        found = [stored(user(1))] if number == self._empty else []
        return {"Items": found, "ScannedCount": 1_000, "LastEvaluatedKey": {"page": number + 1}}


def test_a_page_without_any_is_not_the_table() -> None:
    """It looks on until it finds some; where it finds none for long, it says among how many, and guesses no number."""
    found = guess(Pages(10))
    assert (found.items, found.looked_at, len(found.sample)) == (100, 10_000, 1)
    none = guess(Pages(11))
    assert (none.items, none.looked_at) == (0, 10_000)
    assert none.described() == "none of the first 10,000 items; how many of the others is not known"


def test_a_plan_shows_what_becomes_of_items() -> None:
    """What changes is marked; what can't be done has its reason."""
    shown = report.plan(nick(), guess(Table([user(1), user(2, name=None)], scanned=2, total=2, size=100)))
    assert '+  "nick": "user 1",' in shown
    assert '-  "shape": 1\n+  "rev": 2,\n+  "shape": 2\n' in shown
    assert "would be set aside: AttributeError: 'NoneType' object has no attribute 'lower'" in shown


def test_an_outcome_is_one_line() -> None:
    """Done, or what is left to do."""
    assert report.outcome_line(Outcome(RUN)) == "0001_nick applied: 1,234 items written"
    with pytest.raises(GrailError, match="0001_nick is not applied: 2 items set aside; mend the data"):
        report.outcome_line(Outcome(RUN, aside={"a": "x", "b": "y"}))
    with pytest.raises(GrailError, match="3 items written anew while it ran, by code of the other version"):
        report.outcome_line(Outcome(RUN, restless=3))


def test_of_many_that_were_set_aside_ten_are_shown() -> None:
    """And where the rest is."""
    lines = report.aside_lines({f"key {number}": "why" for number in range(12)})
    assert lines[0] == "set aside key 0: why"
    assert lines[10:] == ["and 2 more: `migrate status --json`"]
