"""A run that dies at each of its AWS calls in turn, before it is sent and after its effect, and is then resumed.

Here the process's end is an exception that nothing handles, and after which no call gets through: that is fast enough
for every call. tests/system/test_migrate_kill.py ends real processes.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from grail.errors import GrailError
from grail.migrate.ledger import LEASE_SECONDS
from grail.migrate.migration import Migration
from tests import emulators
from tests.api.faults import KILLED_AFTER, KILLED_BEFORE, Injected, Taps
from tests.conftest import PROVE
from tests.migrations import World, cents, create_table, nick, user
from tests.poller import Killed

STRIDE = 1 if PROVE else 11
"""Of so many deaths one is died; an odd number, so that both kinds are among them."""
USERS = [user(number) for number in range(1, 24)]
BROKEN = user(0, name=None, price=None)


@pytest.fixture
def fresh(_moto: None) -> Callable[[], World]:
    """Return what makes a table with users, one of whom can't be migrated, and with a robot, which is not meant."""
    layout = create_table(emulators.dynamodb())
    world = World(emulators.dynamodb(), layout)

    def make() -> World:
        emulators.clear(layout.table)
        world.put(*USERS, BROKEN, user(50, kind="robot"))
        return world

    return make


def runs(world: World, migration: Migration, taps: Taps) -> Iterator[Callable[[], object]]:
    """Return a history's steps: applied with a broken item, applied again once that is mended, rolled back."""
    clock = 0.0

    def step(direction: str) -> Callable[[], object]:
        def migrate() -> object:
            nonlocal clock
            clock += LEASE_SECONDS + 1
            client = taps.on(world.client)
            return world.migrate(
                migration, direction, client=client, ledger=world.ledger(client=client, now=lambda: clock)
            )

        return migrate

    yield step("up")
    yield step("up")
    yield step("down")


def table_after(world: World, migration: Migration, injected: Injected | None) -> tuple[list[Any], Taps]:
    """Run it all, with a death and then a resumption; return the table after each step."""
    taps = Taps(injected)
    found = []
    for number, migrate in enumerate(runs(world, migration, taps)):
        try:
            migrate()
        except Killed:
            taps.dead = False
            taps.open = False
            with suppress(GrailError):  # it had ended before it could say so: there is nothing to roll back any more
                migrate()
        found.append(world.items())
        if number == 0:
            world.put(user(0))
    return found, taps


@pytest.mark.parametrize("migration", [nick(), cents()], ids=["schema", "own"])
def test_wherever_it_dies_the_table_is_as_if_it_had_not(
    fresh: Callable[[], World], migration: Migration, figure: Callable[[str], None]
) -> None:
    """Item for item, versions too, after each step; and up then down is the identity."""
    undisturbed, taps = table_after(fresh(), migration, None)
    calls = len(taps.calls)
    possible = list(itertools.product(range(calls), (KILLED_BEFORE, KILLED_AFTER)))
    deaths = possible[::STRIDE]
    for place, kind in deaths:
        found, taps = table_after(fresh(), migration, Injected(place, kind))
        assert taps.met, f"call {place} is not made"
        assert found == undisturbed, f"{kind} call {place}: {taps.met}"
    figure(
        f"migrations: died {len(deaths)} of {len(possible)} deaths, before and after {calls} calls of "
        f"{migration.name}, and ended alike each time"
    )
