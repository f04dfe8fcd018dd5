"""Migrations of another app's table, on two independent implementations of DynamoDB."""

import functools
import itertools
import json
import re
from typing import Any

import pytest

from grail.errors import GrailError
from grail.migrate import change
from grail.migrate.cell import FencedError
from grail.migrate.engine import Engine
from grail.migrate.ledger import LEASE_SECONDS
from grail.migrate.migration import Migration, read
from grail.migrate.pace import Pace
from grail.migrate.values import stored
from grail.migrate.walk import Sizes
from tests import emulators
from tests.conftest import PROVE
from tests.migrations import CENTS, UPGRADES, Before, Twice, World, cents, create_table, nick, user


@pytest.fixture(params=["moto", "ministack"])
def client(request: pytest.FixtureRequest) -> Any:
    """Return a client of an implementation."""
    return emulators.dynamodb(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def world(client: Any) -> World:
    """Return an empty table."""
    return World(client)


def test_every_item_comes_to_the_schema_version(world: World) -> None:
    """Once each, by its model's upgrade; its version is raised, and nothing else changes."""
    before = [user(number) for number in range(40)]
    world.put(*before)
    outcome = world.migrate(nick())
    assert outcome.is_done
    assert outcome.run.counts == {"written": 40, "unchanged": 0}
    assert world.items() == {
        item["id"]: {**item, "nick": item["name"].lower(), "rev": 2, "shape": 2} for item in before
    }


@pytest.mark.parametrize("migration", [nick(), cents()], ids=["schema", "own"])
def test_up_then_down_is_the_identity(world: World, migration: Migration) -> None:
    """Item for item, apart from the versions, which go on counting."""
    world.put(*(user(number) for number in range(1, 20)))
    before = world.items(versions=False)
    assert world.migrate(migration).is_done
    assert world.items(versions=False) != before
    assert world.migrate(migration, "down").is_done
    assert world.items(versions=False) == before
    assert {item["rev"] for item in world.items().values()} == {3}


def test_what_would_not_change_is_not_written(world: World) -> None:
    """Its version stays, so nobody's write fails for nothing."""
    world.put(user(0), user(1))
    outcome = world.migrate(cents())
    assert outcome.run.counts == {"written": 1, "unchanged": 1}
    assert world.items() == {"user-00000": user(0), "user-00001": user(1, price=100, rev=2)}


@pytest.mark.parametrize("source", [b'TYPE = "user"', b'PREFIX = "user-"'])
def test_only_what_is_selected_is_touched(world: World, source: bytes) -> None:
    """By type, or by how the hash key begins; never what is deleted, nor a migration's own items."""
    others = [
        user(7, id="robot-1", kind="robot"),
        {"id": "user-gone", "part": "main", "kind": "user", "rev": 2, "gone": True},
    ]
    world.put(user(1), *others)
    migration = read("0001_mark", b'"""Mark."""\n' + source + b'\ndef up(item): return {**item, "mark": 1}')
    assert world.migrate(migration).run.counts["written"] == 1
    assert world.items() == {item["id"]: item for item in [user(1, mark=1, rev=2), *others]}


def test_an_empty_table_is_soon_done(world: World) -> None:
    """And the history has it."""
    assert world.migrate(nick()).is_done
    ledger = world.ledger()
    ledger.read()
    [done] = ledger.history
    assert (done.name, done.checksum, done.who, dict(done.counts)) == (
        "0001_nick", nick().checksum, "ada", {"written": 0, "unchanged": 0},
    )  # fmt: skip
    assert ledger.run is None


def test_a_table_without_sort_key_will_do(client: Any) -> None:
    """The migration's own items have the same one key."""
    world = World(client, create_table(client, has_sort_key=False))
    world.put(*(user(number) for number in range(12)))
    assert world.migrate(nick()).is_done
    assert all(item["nick"] for item in world.items().values())


def test_an_item_without_version_is_compared_whole(world: World) -> None:
    """And is tried again where it is not what was read."""
    plain_item = {"id": "claim-1", "part": "main", "kind": "claim", "holder": "a"}
    world.put(plain_item)
    migration = read("0001_mark", b'"""."""\nTYPE = "claim"\ndef up(item): return {**item, "mark": item["holder"]}')
    busy = Before(world.client, transact_write_items=[lambda: world.put({**plain_item, "holder": "b"})])
    assert world.migrate(migration, client=busy).is_done
    assert world.items() == {"claim-1": {**plain_item, "holder": "b", "mark": "b"}}


def test_live_writers_win_and_are_revisited(world: World) -> None:
    """Others change, delete and add items before each transaction: nothing of theirs is lost, all end up upgraded."""
    world.put(*(user(number) for number in range(30)))
    changed: dict[str, str] = {}

    def write(number: int) -> None:
        name = f"changed {number}"
        world.client.update_item(
            TableName=world.layout.table,
            Key={"id": {"S": user(number)["id"]}, "part": {"S": "main"}},
            UpdateExpression="SET #name = :name, shape = :one ADD rev :one",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":name": {"S": name}, ":one": {"N": "1"}},
        )
        changed[user(number)["id"]] = name

    def delete(number: int) -> None:
        key = {"id": {"S": user(number)["id"]}, "part": {"S": "main"}}
        world.client.delete_item(TableName=world.layout.table, Key=key)

    def act(step: int) -> None:
        write(step)
        write(15 - step)
        delete(20 + step)
        world.put(user(100 + step))

    busy = Before(world.client, transact_write_items=[functools.partial(act, step) for step in range(8)])
    assert world.migrate(nick(), client=busy, segments=1).is_done
    found = world.items()
    assert set(found) == {user(number)["id"] for number in (*range(20), 28, 29, *range(100, 108))}
    assert {identifier: found[identifier]["name"] for identifier in changed} == changed
    assert all((item["nick"], item["shape"]) == (item["name"].lower(), 2) for item in found.values())


def test_a_writer_who_read_before_the_migration_fails_its_own_condition(world: World) -> None:
    """The migration has raised the version: what it did is not lost either."""
    world.put(user(1))
    world.migrate(nick())
    with pytest.raises(world.client.exceptions.ConditionalCheckFailedException):
        world.client.put_item(
            TableName=world.layout.table,
            Item=stored(user(1, rev=2)),
            ConditionExpression="rev = :read",
            ExpressionAttributeValues={":read": {"N": "1"}},
        )


def test_who_keeps_writing_an_older_version_is_told_of(world: World) -> None:
    """A fleet of old code never lets it end: it is not done, and says how many came back."""
    world.put(user(1))
    again = Before(world.client, scan=[lambda: world.put(user(1))] * 100)
    outcome = world.migrate(nick(), client=again, segments=1)
    assert (outcome.is_done, outcome.restless) == (False, 1)
    assert world.migrate(nick()).is_done


@pytest.mark.parametrize("migration", [nick(), cents()], ids=["schema", "own"])
def test_a_failing_item_is_set_aside_and_does_not_stop_the_rest(world: World, migration: Migration) -> None:
    """With its reason; the migration is not done, until that item is mended and it is applied again."""
    good = [user(number) for number in range(1, 30)]
    world.put(user(0, name=None, price=None), *good)
    outcome = world.migrate(migration)
    assert not outcome.is_done
    [(key, reason)] = outcome.aside.items()
    assert '"id": "user-00000"' in key
    assert re.match("AttributeError|TypeError", reason)
    found = world.items()
    assert found["user-00000"]["rev"] == 1
    assert {item["rev"] for item in found.values()} == {1, 2}
    world.put(user(0))
    assert world.migrate(migration).is_done
    assert all(item["rev"] == 2 for item in world.items().values() if item["id"] != "user-00000")
    again = world.ledger()
    again.read()
    assert [run.name for run in again.history] == [migration.name]


def test_one_in_ten_thousand(world: World) -> None:
    """All others are done (a sample of them, in `make test`), and that one is named."""
    count = 10_000 if PROVE else 400
    people = [stored(user(number, price=None if number == 77 else number)) for number in range(1, count + 1)]
    for start in range(0, count, 25):
        puts: Any = [{"PutRequest": {"Item": item}} for item in people[start : start + 25]]
        world.client.batch_write_item(RequestItems={world.layout.table: puts})
    outcome = world.migrate(cents(), segments=4, sizes=Sizes())
    assert [json.loads(key)["id"] for key in outcome.aside] == ["user-00077"]
    done = [item["price"] == number * 100 for number, item in enumerate(sorted_items(world), start=1) if number != 77]
    assert all(done)
    assert len(done) == count - 1


def sorted_items(world: World) -> list[dict[str, Any]]:
    """Return the items in the order of their keys."""
    return [item for _, item in sorted(world.items().items())]


def test_one_that_is_set_aside_may_be_deleted(world: World) -> None:
    """Then nothing is left to do."""
    world.put(user(0, price=None), user(1))
    assert not world.migrate(cents()).is_done
    world.client.delete_item(TableName=world.layout.table, Key={"id": {"S": "user-00000"}, "part": {"S": "main"}})
    assert world.migrate(cents()).is_done


def test_items_near_400_kb(world: World) -> None:
    """One that would grow too large is set aside; those that are too much for one transaction go one by one."""
    world.put(*(user(number, blob="x" * 390_000) for number in range(12)), user(99, blob="x" * 400_000))
    outcome = world.migrate(nick(), segments=1, sizes=Sizes(page=100, batch=25))
    assert [json.loads(key)["id"] for key in outcome.aside] == []
    assert {item["shape"] for item in world.items().values()} == {2}
    grow = read("0002_grow", b'"""Grow."""\nTYPE = "user"\ndef up(item): return {**item, "more": "x" * 12_000}')
    outcome = world.migrate(grow, segments=1, sizes=Sizes(page=100, batch=25))
    assert [json.loads(key)["id"] for key in outcome.aside] == ["user-00099"]
    assert "size" in next(iter(outcome.aside.values())).lower()
    assert sum("more" in item for item in world.items().values()) == 12


def test_a_write_whose_answer_was_lost_is_done_once(world: World) -> None:
    """Sent again, as botocore does, it knows its own work."""
    world.put(*(user(number) for number in range(1, 20)))
    assert world.migrate(cents(), client=Twice(world.client)).is_done
    assert {item["id"]: item["price"] for item in world.items().values()} == {
        user(number)["id"]: number * 100 for number in range(1, 20)
    }


def test_of_two_at_once_one_leaves_with_a_clear_line(world: World) -> None:
    """It says who has the lock, and changes nothing."""
    world.put(user(1))
    other = Before(world.client, scan=[lambda: _refused(world)])
    assert world.migrate(nick(), client=other, segments=1).is_done


def _refused(world: World) -> None:
    with pytest.raises(GrailError, match=r"^the lock is held by ada, for 30 s more, .*: `migrate unlock`$"):
        world.migrate(nick(), ledger=world.ledger(who="bob"))


@pytest.mark.parametrize("migration", [nick(), cents()], ids=["schema", "own"])
@pytest.mark.parametrize("call", range(8) if PROVE else (0, 4))
def test_a_holder_whose_lease_expired_can_not_write(world: World, migration: Migration, call: int) -> None:
    """Paused before any of its writes, while somebody else finishes the work and takes it back: it changes nothing."""
    world.put(*(user(number) for number in range(1, 20)))
    before = world.items(versions=False)
    seen: list[Any] = []

    def take_over() -> None:
        later = functools.partial(world.ledger, who="bob", now=lambda: LEASE_SECONDS + 1.0)
        world.migrate(migration, ledger=later())
        world.migrate(migration, "down", ledger=later())
        seen.append(world.items())

    paused = Before(world.client, transact_write_items=[*[lambda: None] * call, take_over])
    with pytest.raises(FencedError):
        world.migrate(migration, client=paused, segments=1)
    assert world.items() == seen[0]
    assert world.items(versions=False) == before


def test_unlock_fences_off_the_holder(world: World) -> None:
    """From that moment on, not only once somebody else begins."""
    world.put(*(user(number) for number in range(1, 20)))

    def unlock() -> None:
        ledger = world.ledger(who="bob")
        engine = Engine(world.client, world.layout, ledger, pace=Pace())
        with engine.locked(by_force=True):
            pass

    paused = Before(world.client, transact_write_items=[lambda: None, unlock])
    with pytest.raises(FencedError):
        world.migrate(cents(), client=paused, segments=1)
    assert world.migrate(cents()).is_done
    assert all(item["rev"] == 2 for item in world.items().values())


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, ValueError])
def test_whatever_ends_it_the_lock_is_given_back(world: World, error: type[BaseException]) -> None:
    """A file's `sys.exit()`, too."""
    engine = Engine(world.client, world.layout, world.ledger(), pace=Pace())
    with pytest.raises(error), engine.locked():
        raise error
    ledger = world.ledger()
    ledger.read()
    assert ledger.held_by is None


def test_an_edited_file_is_what_is_half_done_from_then_on(world: World) -> None:
    """Stopped again, it goes on without being told twice, and never with the file that it began with."""
    world.put(user(0, price=None), user(1))
    world.migrate(cents())
    edited = cents(source=CENTS + b"# edited")
    wanted = change.of(edited, change.UP, layout=world.layout, upgrades=UPGRADES)
    engine = Engine(world.client, world.layout, world.ledger(), pace=Pace())
    with engine.locked():
        assert not engine.perform(edited, change.UP, wanted, tell=lambda _: None, is_edited=True).is_done
    ledger = world.ledger()
    ledger.read()
    assert ledger.run is not None
    assert ledger.run.checksum == edited.checksum
    with pytest.raises(GrailError, match=r"^0001_cents\.py was edited after it was half applied"):
        world.migrate(cents())


def test_another_migration_waits_for_the_one_that_is_half_done(world: World) -> None:
    """It is refused by name."""
    world.put(user(0, price=None), user(1))
    world.migrate(cents())
    with pytest.raises(GrailError, match="apply of 0001_cents is half done: finish that first"):
        world.migrate(nick("0002_nick"))


def test_a_half_applied_schema_version_can_be_taken_back(world: World) -> None:
    """Each item tells whether it has it. A change of data can't: what was not changed would be changed back."""
    world.put(user(0, name=None, price=None), *(user(number) for number in range(1, 9)))
    before = world.items(versions=False)
    world.migrate(nick())
    assert world.migrate(nick(), "down").is_done
    assert world.items(versions=False) == before
    world.migrate(cents("0002_cents"))
    with pytest.raises(GrailError, match="apply of 0002_cents is half done"):
        world.migrate(cents("0002_cents"), "down")


def test_the_filter_and_its_twin_agree(world: World) -> None:
    """What the table finds and what is found again in Python, for items of every sort."""
    items = [
        user(number, **shape, **gone, kind=kind)
        for number, (shape, gone, kind) in enumerate(
            itertools.product(
                ({"shape": 1}, {"shape": 2}, {"shape": 3}),
                ({}, {"gone": True}),
                ("user", "robot"),
            )
        )
    ]
    items.append({name: value for name, value in user(50).items() if name != "shape"})
    world.put(*items)
    for migration in (nick(), cents(), read("0001_p", b'"""."""\nPREFIX = "user-0000"\ndef up(item): return item')):
        for direction in ("up", "down") if migration.down else ("up",):
            wanted = change.of(migration, direction, layout=world.layout, upgrades=UPGRADES)
            found = world.client.scan(TableName=world.layout.table, ConsistentRead=True, **wanted.filter)["Items"]
            expected = [item["id"] for item in items if wanted.means(stored(item))]
            assert sorted(item["id"]["S"] for item in found) == sorted(expected) != []
