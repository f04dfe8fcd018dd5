"""Items that a migration must treat apart: written, replaced or set aside in ways that are easy to get wrong."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from grail.errors import GrailError
from grail.migrate import change, segment
from grail.migrate.condition import write
from grail.migrate.engine import Engine
from grail.migrate.layout import Layout
from grail.migrate.migration import read
from grail.migrate.pace import Pace, StoppedError
from grail.migrate.values import stored
from grail.migrate.walk import Sizes
from tests import emulators
from tests.migrations import TABLE, UPGRADES, Before, World, cents, nick, user

CLAIM = {"id": "claim-1", "part": "main", "kind": "claim", "holder": "a", "old": 1, "tags": {"b", "a"}, "raw": b"\x00"}
MARK = b'"""."""\nTYPE = "claim"\ndef up(item):\n    item.pop("old", None)\n    return {**item, "mark": item["holder"]}'
FAILS = b'"""."""\nTYPE = "user"\ndef up(item): raise ValueError("x" * 1000)'


@pytest.fixture(params=["moto", "ministack"])
def world(request: pytest.FixtureRequest) -> World:
    """Return an empty table, on each implementation."""
    return World(emulators.dynamodb(request.getfixturevalue(f"{request.param}_url")))


@pytest.fixture
def one_world(moto_url: str) -> World:
    """Return an empty table, where the implementation does not matter."""
    return World(emulators.dynamodb(moto_url))


def test_what_a_writer_adds_to_an_item_without_version_stays(world: World) -> None:
    """Even an attribute that was not there as it was read, which no condition compares."""
    world.put(CLAIM)

    def add() -> None:
        world.client.update_item(
            TableName=world.layout.table,
            Key=world.layout.key_of(stored(CLAIM)),
            UpdateExpression="SET added = :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    busy = Before(world.client, transact_write_items=[add])
    assert world.migrate(read("0001_mark", MARK), client=busy).is_done
    kept = {name: value for name, value in CLAIM.items() if name != "old"}
    assert world.items() == {"claim-1": {**kept, "added": 1, "mark": "a"}}


def test_an_item_without_version_may_only_lose_attributes(world: World) -> None:
    """Then nothing is set."""
    world.put(CLAIM)
    migration = read("0001_less", b'"""."""\nTYPE = "claim"\ndef up(item):\n    del item["old"]\n    return item')
    assert world.migrate(migration).is_done
    assert world.items() == {"claim-1": {name: value for name, value in CLAIM.items() if name != "old"}}


@pytest.mark.parametrize("migration", [nick(), cents()], ids=["schema", "own"])
def test_an_item_that_is_created_anew_is_taken_as_it_is_now(world: World, migration: Any) -> None:
    """Though it has the same version again as the deleted one that was read."""
    world.put(user(1), user(2))

    def replace() -> None:
        world.client.delete_item(TableName=world.layout.table, Key=world.layout.key_of(stored(user(1))))
        world.put(user(1, name="Anew", price=70))

    busy = Before(world.client, transact_write_items=[replace])
    assert world.migrate(migration, client=busy, segments=1).is_done
    found = world.items()["user-00001"]
    assert found["name"] == "Anew"
    assert (found.get("nick"), found["price"]) in {("anew", 70), (None, 7000)}


def test_an_item_of_very_many_attributes_goes_by_its_version(world: World) -> None:
    """As comparing all of them would be too long; the longest that is compared is short enough."""
    for number, extra in enumerate((192, 193, 400)):
        world.put(user(number, **{f"a{place}": place for place in range(extra)}))
    assert len(user(0)) == 8
    assert world.migrate(nick()).is_done
    assert {item["shape"] for item in world.items().values()} == {2}


def test_an_exit_is_an_items_failure(one_world: World) -> None:
    """Else the process ended with nothing done, and said that all went well."""
    one_world.put(user(1))
    outcome = one_world.migrate(read("0001_exit", b'"""."""\nTYPE = "user"\ndef up(item): raise SystemExit(0)'))
    assert list(outcome.aside.values()) == ["SystemExit: 0"]


def test_a_transaction_that_is_cancelled_without_reasons_is_sent_again(one_world: World) -> None:
    """As one that conflicts with another."""
    one_world.put(user(1))
    response: Any = {"Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled"}}

    def cancel() -> None:
        raise ClientError(response, "TransactWriteItems")

    busy = Before(one_world.client, transact_write_items=[cancel])
    assert one_world.migrate(nick(), client=busy).is_done
    assert one_world.slept


def test_a_request_that_is_too_large_goes_item_by_item(one_world: World) -> None:
    """DynamoDB answers more than 16 MB with status 413."""
    one_world.put(user(1), user(2))
    response: Any = {"Error": {"Code": "413", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 413}}

    def refuse() -> None:
        raise ClientError(response, "TransactWriteItems")

    busy = Before(one_world.client, transact_write_items=[refuse])
    assert one_world.migrate(nick(), client=busy, segments=1).is_done
    assert {item["shape"] for item in one_world.items().values()} == {2}


def test_what_is_set_aside_fits_one_item(one_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes, not characters, and it is counted before it is written; then there is a clear line."""
    monkeypatch.setattr(segment, "MOST_ASIDE", 10_000)
    one_world.put(*(user(number, id="鍵" * 300 + f"{number:05}") for number in range(30)))
    failing = read("0001_x", FAILS)
    with pytest.raises(GrailError, match=r"^segment 0 has \d+ items that can't be migrated: that is too many to note"):
        one_world.migrate(failing, segments=1)
    progress = _progress(one_world)
    assert 3 <= len(progress.aside) <= 9
    assert sum(len((key + reason).encode()) for key, reason in progress.aside.items()) <= 10_000
    assert progress.position is not None


def test_trying_again_counts_what_it_reads(one_world: World) -> None:
    """And waits for it, if it must."""
    one_world.put(*(user(number) for number in range(6)))
    assert len(one_world.migrate(read("0001_x", FAILS), segments=1).aside) == 6
    pace = Pace(sleep=one_world.slept.append, most=1)
    _go_on(one_world, pace)
    assert pace.units >= 3  # an emulator's halves
    assert sum(one_world.slept) > 0


def test_trying_again_keeps_the_lock_and_can_be_stopped(one_world: World) -> None:
    """Before each of the items that were set aside."""
    one_world.put(*(user(number) for number in range(6)))
    assert len(one_world.migrate(read("0001_x", FAILS), segments=1).aside) == 6
    kept: list[int] = []
    pace = Pace(keep=lambda: kept.append(1))
    _go_on(one_world, pace)
    assert len(kept) == 6
    pace.stop()
    with pytest.raises(StoppedError):
        _go_on(one_world, pace)


@pytest.mark.parametrize("extra", [191, 192, 193, 1000])
def test_a_condition_has_at_most_4_kb(extra: int) -> None:
    """However many attributes the item has; the emulators don't mind, DynamoDB does."""
    layout = Layout.read(TABLE, table="t")
    before = stored(user(1, **{f"a{place}": place for place in range(extra)}))
    put = write(before, {**before, "x": {"N": "1"}}, layout=layout)["Put"]
    assert len(put["ConditionExpression"]) <= 4096
    assert ("name" in put["ExpressionAttributeNames"].values()) == (extra <= 192)


def _go_on(world: World, pace: Pace) -> None:
    """Apply again what fails."""
    engine = Engine(world.client, world.layout, world.ledger(), pace=pace, segments=1, sizes=Sizes())
    failing = read("0001_x", FAILS)
    wanted = change.of(failing, change.UP, layout=world.layout, upgrades=UPGRADES)
    with engine.locked():
        engine.perform(failing, change.UP, wanted, tell=lambda _: None)


def _progress(world: World) -> segment.Progress:
    found = segment.Segment(world.client, world.layout, 0)
    found.look()
    return found.progress


def test_what_ends_one_segment_ends_the_run(one_world: World) -> None:
    """It is not marked applied for what the others did, and goes on later."""
    one_world.put(*(user(number) for number in range(1, 24)))

    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Scan")

    with pytest.raises(ClientError, match="AccessDeniedException"):
        one_world.migrate(cents(), client=Before(one_world.client, scan=[refuse]))
    ledger = one_world.ledger()
    ledger.read()
    assert (ledger.applied, ledger.held_by) == ({}, None)
    assert one_world.migrate(cents()).is_done
    assert [item["price"] for item in one_world.items().values()] == [100 * number for number in range(1, 24)]
