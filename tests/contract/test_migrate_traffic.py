"""People who are added, changed and deleted by both versions of the code, at once with a migration of all of them."""

import contextlib
import threading
from typing import Any

import pytest

from chalicelib.errors import ConflictError, NotFoundError
from chalicelib.models.people import Person
from chalicelib.repositories import keys
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.people import People
from grail.migrate import change
from grail.migrate.engine import Engine, Outcome
from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import read
from grail.migrate.pace import Pace
from grail.migrate.values import plain
from grail.migrate.walk import Sizes
from tests import emulators
from tests.contract.test_migrate_schema import NOW, Tomorrow, TomorrowsPeople

MIGRATION = read("0001_initial", b'"""Initials."""\nTYPE = "person"\nSCHEMA_VERSION = 2\n')
PEOPLE = 60
DELETED = range(50, PEOPLE)
ROUNDS = 6


class Traffic(threading.Thread):
    """Somebody who reads and writes with one version of the code; `counted` is what must have come of it."""

    def __init__(self, people: People, name: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._people = people
        self._name = name
        self._stop_event = stop
        self.counted: dict[str, int] = {}
        self.made: list[str] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        """Go on until it is told to stop."""
        turn = 0
        try:
            while not self._stop_event.is_set() or turn < ROUNDS:
                self._act(turn)
                turn += 1
        except BaseException as error:  # noqa: BLE001 - the test's to raise
            self.error = error

    def _act(self, turn: int) -> None:
        for number in (turn % 50, (turn * 7) % 50):
            identifier = f"p{number}"
            try:
                person = self._people.change(
                    identifier, {"tags": [self._name, str(turn)]}, expected=None, at=NOW
                )  # by its newest version
            except ConflictError:  # too many at once, which is told
                continue
            assert person.tags == [self._name, str(turn)]
            self.counted[identifier] = self.counted.get(identifier, 0) + 1
            assert self._people.get(identifier).name == f"Person {number}"
        self._people.page(limit=10, after=None)
        if self._name == "old":
            identifier = f"p{DELETED[turn % len(DELETED)]}"
            with contextlib.suppress(NotFoundError, ConflictError):
                self._people.delete(identifier, expected=None, at=NOW)
        if turn < ROUNDS:
            identifier = f"{self._name}{turn}"
            self._people.add(self._person(identifier))
            self.made.append(identifier)

    def _person(self, identifier: str) -> Person:
        fields: dict[str, Any] = {
            "id": identifier, "owner": "o", "created_at": NOW, "updated_at": NOW,
            "name": "New", "email": f"{identifier}@example.com",
        }  # fmt: skip
        return Tomorrow(**fields, initial="N", mood="high") if self._name == "new" else Person(**fields)


@pytest.mark.parametrize("emulator", ["moto", "ministack"])
def test_no_write_is_lost_and_all_end_at_the_new_version(emulator: str, request: pytest.FixtureRequest) -> None:
    """Readers and writers of both versions never fail; once old code is gone, everything is of the new version."""
    url = request.getfixturevalue(f"{emulator}_url")
    client = emulators.dynamodb(url)
    table = DynamoTable(emulators.create_table(url), client=client)
    old, new = People(table, shards=1), TomorrowsPeople(table)
    for number in range(PEOPLE):
        old.add(_person(number))
    stop = threading.Event()
    traffic = [Traffic(old, "old", stop), Traffic(new, "new", stop)]
    for each in traffic:
        each.start()
    _migrate(client, table)
    stop.set()
    for each in traffic:
        each.join()
        if each.error is not None:
            raise each.error
    outcome = _migrate(client, table)
    assert outcome.is_done
    pages = client.get_paginator("scan").paginate(TableName=table._name)
    items = {item["id"]: item for page in pages for item in map(plain, page["Items"]) if item["type"] == "person"}
    alive = {identifier: item for identifier, item in items.items() if "deleted" not in item}
    assert {item["schema_version"] for item in alive.values()} == {2}
    assert set(alive) >= {*(f"p{number}" for number in range(50)), *traffic[0].made, *traffic[1].made}
    for identifier, item in alive.items():
        writes = sum(each.counted.get(identifier, 0) for each in traffic)
        assert item["version"] >= 1 + writes, identifier  # each write counted one, and a migration's some
        assert item["initial"] == item["name"][0]
        person = new.get(identifier)
        assert isinstance(person, Tomorrow)
    gone = [identifier for identifier in items if identifier not in alive]
    assert all(table.get(keys.person(identifier)) is None for identifier in gone)


def _person(number: int) -> Person:
    return Person(
        id=f"p{number}",
        owner="o",
        created_at=NOW,
        updated_at=NOW,
        name=f"Person {number}",
        email=f"{number}@example.com",
    )


def _migrate(client: Any, table: DynamoTable) -> Outcome:
    """Apply, again where it was applied."""
    layout = Layout.read(keys.TABLE, table=table._name)
    ledger = Ledger(client, layout, who="ada")
    wanted = change.of(MIGRATION, change.UP, layout=layout, upgrades={"person": Tomorrow.UPGRADES})
    engine = Engine(client, layout, ledger, pace=Pace(keep=ledger.keep), segments=2, sizes=Sizes(page=10, batch=5))
    with engine.locked():
        return engine.perform(MIGRATION, change.UP, wanted, tell=lambda _: None)
