"""A stage's store and table together, where several people work on them, on two implementations of each."""

import functools
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grail.errors import GrailError
from grail.migrate import folder, pending
from grail.migrate.change import DOWN, UP
from grail.migrate.migration import Entry, read
from grail.migrate.session import Limits, perform
from grail.migrate.stage import Stage
from grail.migrate.store import Store
from tests import emulators
from tests.migrations import CENTS, NICK, UPGRADES, Before, World, user

NO_WAY_BACK = CENTS.replace(b'item["price"] //= 100', b'item["price"] //= 100 if item["price"] > 100 else None')
"""Its `down` fails for the first user."""


class Team:
    """A table and a bucket, and whoever works on them."""

    def __init__(self, url: str, home: Path) -> None:
        self.world = World(emulators.dynamodb(url))
        self._s3 = emulators.client("s3", url)
        self._bucket = f"b{uuid.uuid4().hex}"
        self._s3.create_bucket(Bucket=self._bucket)
        self._home = home

    def member(self, name: str, dynamodb: Any = None) -> Stage:
        """Return the stage as somebody sees it, with a folder of their own."""
        (self._home / name).mkdir(exist_ok=True)
        stage = Stage(self.world.layout, Store(self._s3, bucket=self._bucket), self._home / name, UPGRADES)
        vars(stage)["dynamodb"] = dynamodb or self.world.client
        return stage


@pytest.fixture(params=["moto", "ministack"])
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Team:
    """Return a team at the beginning."""
    return Team(request.getfixturevalue(f"{request.param}_url"), tmp_path)


def write(stage: Stage, name: str, source: bytes) -> Stage:
    """Write a file, in place of what is there."""
    (stage.folder / folder.FOLDER / f"{name}.py").unlink(missing_ok=True)
    folder.add(stage.folder, name, source.decode())
    return stage


def apply(stage: Stage, *, again: bool = False, between: Callable[[], object] = lambda: None) -> None:
    """Apply; something may happen after it was decided what, and before the lock is taken."""
    ledger = stage.ledger()
    happens = [between]

    def choose() -> list[Entry]:
        entries = pending.to_apply(stage.entries(ledger), ledger, to=None, again=again)
        if happens:
            happens.pop()()
        return entries

    perform(stage, ledger, choose, UP, limits=Limits(2), is_edited=False)


def roll_back(stage: Stage, *, edited: bool = False) -> None:
    """Roll the last one back."""
    ledger = stage.ledger()

    def choose() -> list[Entry]:
        return pending.to_roll_back(ledger, to=None, edited=stage.entries(ledger) if edited else ())

    perform(stage, ledger, choose, DOWN, limits=Limits(2), is_edited=edited)


def test_a_push_never_takes_another_persons_away(team: Team) -> None:
    """Whoever read the list before it is told, and has them both after a pull and a push."""
    bob = write(team.member("bob"), "0001_cents", CENTS)
    ada = write(team.member("ada", Before(team.world.client, get_item=[bob.push])), "0001_nick", NICK)
    with pytest.raises(GrailError, match="somebody else pushed just now"):
        ada.push()
    assert [entry.name for entry in ada.store.entries()] == ["0001_cents"]


def test_a_schema_version_is_brought_about_by_one_migration(team: Team) -> None:
    """Also where the earlier one is another person's, and not in the folder."""
    write(team.member("ada"), "0001_nick", NICK).push()
    bob = write(team.member("bob"), "0002_again", NICK + b"# again")
    with pytest.raises(GrailError, match=r"^0002_again\.py brings user to schema version 2, and 0001_nick\.py"):
        bob.push()
    assert [entry.name for entry in bob.store.entries()] == ["0001_nick"]


def test_a_rollback_that_fails_for_an_item_goes_on_with_a_mended_file(team: Team) -> None:
    """The file may be pushed, and `--edited` runs that one for the rest; then no version is applied any more."""
    team.world.put(*(user(number) for number in range(1, 9)))
    before = team.world.items(versions=False)
    ada = write(team.member("ada"), "0001_cents", NO_WAY_BACK)
    ada.push()
    apply(ada)
    with pytest.raises(GrailError, match="0001_cents is not rolled back: 1 item set aside"):
        roll_back(ada)
    write(ada, "0001_cents", CENTS).push()
    roll_back(ada, edited=True)
    assert team.world.items(versions=False) == before
    ledger = ada.ledger()
    assert (ledger.run, ledger.applied) == (None, {})
    assert ledger.history[-1].checksum == read("0001_cents", CENTS).checksum


def test_what_was_applied_whole_can_not_be_edited_while_another_is_half_done(team: Team) -> None:
    """Only the one that is half rolled back may be mended."""
    team.world.put(user(1))
    ada = write(team.member("ada"), "0001_nick", NICK)
    write(ada, "0002_cents", NO_WAY_BACK).push()
    apply(ada)
    with pytest.raises(GrailError, match="0002_cents is not rolled back"):
        roll_back(ada)
    write(ada, "0001_nick", NICK + b"# edited")
    with pytest.raises(GrailError, match=r"^0001_nick\.py was edited after it was applied"):
        ada.push()


def test_what_is_decided_is_decided_with_the_lock(team: Team) -> None:
    """Where somebody applies meanwhile, what was decided before is not done."""
    team.world.put(user(1))
    ada, bob = write(team.member("ada"), "0001_cents", CENTS), team.member("bob")
    ada.push()
    with pytest.raises(GrailError, match=r"^somebody else pushed or migrated just now; run it again$"):
        apply(ada, between=functools.partial(apply, bob))
    assert team.world.items()["user-00001"]["price"] == 100
    assert ada.ledger().held_by is None
    apply(ada)
    assert [run.name for run in ada.ledger().history] == ["0001_cents"]


def test_to_look_again_and_find_nothing_is_no_history(team: Team) -> None:
    """However often: a timer may do it. What it brings along is."""
    team.world.put(user(1))
    ada = write(team.member("ada"), "0001_nick", NICK)
    ada.push()
    for _ in range(3):
        apply(ada, again=True)
    assert [run.counts["written"] for run in ada.ledger().history] == [1]
    team.world.put(user(2))
    apply(ada, again=True)
    assert [run.counts["written"] for run in ada.ledger().history] == [1, 1]
