"""How fast a run goes, and what comes next."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from grail.errors import GrailError
from grail.migrate import change, pending
from grail.migrate.batch import Batches
from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry
from grail.migrate.pace import Pace, StoppedError
from grail.migrate.segment import Segment
from grail.migrate.values import stored
from tests.migrations import TABLE, UPGRADES, nick, user

A, B, C = (Entry(f"{number:04}_{name}", name) for number, name in enumerate("abc", start=1))


class Clock:
    """A clock that sleeping moves on; seconds."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += seconds


def test_capacity_units_are_spread_over_time() -> None:
    """So many a second at most; time that was not used is not saved up."""
    clock = Clock()
    pace = Pace(most=10, now=clock, sleep=clock.sleep)
    for _ in range(20):
        pace.spend(5)
    assert clock.now == pytest.approx(10)
    clock.now += 1000
    pace.spend(50)
    assert clock.now == pytest.approx(1015)
    assert pace.units == 150


def test_without_a_limit_it_never_waits() -> None:
    """It only counts."""
    clock = Clock()
    pace = Pace(now=clock, sleep=clock.sleep)
    pace.spend(10**6)
    assert (clock.now, pace.units) == (0, 10**6)


def test_the_lock_is_kept_while_it_waits() -> None:
    """Every two seconds, since a lease is thirty."""
    clock = Clock()
    kept: list[float] = []
    pace = Pace(most=1, keep=lambda: kept.append(clock.now), now=clock, sleep=clock.sleep)
    pace.spend(10)
    assert kept == [2, 4, 6, 8, 10]


def test_who_is_told_to_stop_stops_before_the_next_write_and_while_waiting() -> None:
    """Within two seconds."""
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        pace.stop()

    pace = Pace(most=1, now=clock, sleep=sleep)
    with pytest.raises(StoppedError):
        pace.spend(100)
    assert clock.now == 2
    with pytest.raises(StoppedError):
        pace.check()


class _Kept:
    """A DynamoDB of one item, as far as a ledger uses it."""

    def __init__(self) -> None:
        self.item: dict[str, Any] = {}

    def get_item(self, **_: Any) -> dict[str, Any]:
        """GetItem."""
        return {"Item": self.item} if self.item else {}

    def put_item(self, *, Item: dict[str, Any], **_: Any) -> None:  # noqa: N803 - boto3's
        """PutItem."""
        self.item = Item


def ledger(*done: tuple[Entry, str], half: tuple[Entry, str] | None = None) -> Ledger:
    """Return a ledger in which migrations were run in a direction, and one is half done."""
    made: Any = object.__new__(Ledger)
    common = {"segments": 1, "token": 1, "who": "a", "started_at": ""}
    runs = [{"name": entry.name, "checksum": entry.checksum, "direction": way, **common} for entry, way in done]
    made._state = {"history": runs}
    if half:
        made._state["run"] = {"name": half[0].name, "checksum": half[0].checksum, "direction": half[1], **common}
    return made  # type: ignore[no-any-return]


def test_what_is_not_applied_is_next_in_order() -> None:
    """Up to a version; what was rolled back counts again."""
    here = ledger((A, "up"), (B, "up"), (B, "down"))
    assert pending.to_apply([A, B, C], here, to=None) == [B, C]
    assert pending.to_apply([A, B, C], here, to=2) == [B]
    assert pending.to_apply([A, B, C], here, to=None, again=True) == [A, B, C]
    assert pending.to_apply([], here, to=None) == []


def test_the_last_is_rolled_back_first() -> None:
    """One of them, or all above a version; one that is half applied before all others."""
    here = ledger((A, "up"), (B, "up"))
    assert pending.to_roll_back(here, to=None) == [B]
    assert pending.to_roll_back(here, to=0) == [B, A]
    assert pending.to_roll_back(here, to=1) == [B]
    assert pending.to_roll_back(ledger((A, "up"), half=(B, "up")), to=None) == [B]
    assert pending.to_roll_back(ledger((A, "up"), (B, "up"), half=(B, "down")), to=0) == [B, A]
    assert pending.to_roll_back(ledger(), to=None) == []


@pytest.mark.parametrize("to", [0, 3, -1])
def test_a_version_that_is_not_there_is_refused(to: int) -> None:
    """With those that are."""
    with pytest.raises(GrailError, match=f"^there is no version {to}: 1 to 2$"):
        pending.to_apply([A, B], ledger(), to=to)


def test_each_migration_has_a_state() -> None:
    """In words."""
    here = ledger((A, "up"), (B, "up"), (B, "down"), half=(C, "up"))
    assert [pending.state_of(entry, here) for entry in (A, B, C, Entry("0004_d", ""))] == [
        "applied", "rolled back", "half applied", "pending",
    ]  # fmt: skip
    assert pending.state_of(A, ledger((A, "up"), half=(A, "down"))) == "half rolled back"


def test_a_lease_is_renewed_when_a_third_of_it_is_used() -> None:
    """And not at each look."""
    clock = Clock()
    dynamodb: Any = _Kept()
    held = Ledger(dynamodb, Layout("t", ("id",), "rev"), who="ada", now=clock)
    held.acquire()
    for now, until in ((0, 30), (9, 30), (11, 41), (20, 41), (22, 52)):
        clock.now = now
        held.keep()
        assert dynamodb.item["lease_until"] == {"N": str(until)}
    assert held.held_by == "ada, for 30 s more"
    held.release()
    assert held.held_by is None


class _Throttled:
    """A DynamoDB that refuses a transaction some times for reasons that pass, then takes it."""

    def __init__(self, times: int) -> None:
        self.left = times

    def transact_write_items(self, **_: Any) -> dict[str, Any]:
        """TransactWriteItems."""
        if self.left:
            self.left -= 1
            codes = ("None", ("TransactionConflict", "ThrottlingError")[self.left % 2])
            answer: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": ""},
                "CancellationReasons": [{"Code": code} for code in codes],
            }
            raise ClientError(answer, "TransactWriteItems")
        return {"ConsumedCapacity": [{"CapacityUnits": 8.0}]}


def test_what_passes_is_tried_again_until_it_has_passed() -> None:
    """A throttle, a conflict with a live writer: each time after a longer pause, and its units are counted."""
    slept: list[float] = []
    pace = Pace(sleep=slept.append)
    dynamodb: Any = _Throttled(9)
    layout = Layout.read(TABLE, table="t")
    wanted = change.of(nick(), change.UP, layout=layout, upgrades=UPGRADES)
    segment = Segment(dynamodb, layout, 0)
    Batches(dynamodb, wanted, pace=pace).commit(segment, [stored(user(1))], position=None, done=True)
    assert (len(slept), dynamodb.left, pace.units) == (9, 0, 8)
    assert max(slept) <= 5
    assert (segment.progress.written, segment.progress.done) == (1, True)
