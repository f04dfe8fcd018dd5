"""Migrations of another app's table, on two independent implementations of DynamoDB."""

from typing import Any

import pytest

from grail.errors import GrailError
from tests import emulators
from tests.migrations import NICK, World, cents, create_table, nick, user


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
