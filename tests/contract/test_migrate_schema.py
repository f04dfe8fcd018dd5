"""Two versions of the code on one table, before, during and after a migration: nobody fails, and nothing is lost."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from chalicelib.errors import StaleVersionError
from chalicelib.models.entity import Upgrade
from chalicelib.models.people import Person
from chalicelib.repositories import keys
from chalicelib.repositories.people import People
from chalicelib.repositories.table import WRITE_ID, Item, Put, Table
from tests.watched import Watched

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _with_initial(item: Item) -> Item:
    return {"mood": "fine", **item, "initial": item["name"][:1]}


class Tomorrow(Person):
    """A person of the next version: the initial follows from the name, a mood is its own."""

    UPGRADES: ClassVar[tuple[Upgrade, ...]] = (_with_initial,)

    initial: str
    mood: str


class TomorrowsPeople(People):
    """The people, as tomorrow's code has them."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, shards=1)
        self._model = Tomorrow


@pytest.fixture
def old(table: Table) -> People:
    """Return what yesterday's code has."""
    return People(table, shards=1)


@pytest.fixture
def new(table: Table) -> TomorrowsPeople:
    """Return what tomorrow's code has."""
    return TomorrowsPeople(table)


def ada(**fields: Any) -> Person:
    """Return a person."""
    return Person(id="ada", owner="o", created_at=NOW, updated_at=NOW, name="Ada", email="ada@example.com", **fields)


def grace() -> Tomorrow:
    """Return a person whom tomorrow's code has made."""
    return Tomorrow(
        id="ada",
        owner="o",
        created_at=NOW,
        updated_at=NOW,
        name="Grace",
        email="g@example.com",
        initial="G",
        mood="high",
    )


def stored(table: Table) -> Item:
    """Return a person's item."""
    return table.get(keys.person("ada")) or {}


def test_code_first_readers_upgrade_lazily(old: People, new: TomorrowsPeople, table: Table) -> None:
    """What yesterday's code wrote is read in tomorrow's shape, alone and in lists; reading writes nothing."""
    old.add(ada())
    before = stored(table)
    for person in (new.get("ada"), new.page(limit=10, after=None).items[0]):
        assert isinstance(person, Tomorrow)
        assert (person.initial, person.mood, person.schema_version) == ("A", "fine", 2)
    assert stored(table) == before


def test_data_first_yesterdays_code_reads_on(old: People, new: TomorrowsPeople) -> None:
    """It ignores what it doesn't know."""
    new.add(grace())
    assert old.get("ada").name == "Grace"
    assert [person.name for person in old.page(limit=10, after=None).items] == ["Grace"]


@pytest.mark.parametrize("versions", [None, frozenset({1})])
@pytest.mark.parametrize("email", [{}, {"email": "new@example.com"}, {"email": "ADA@example.com"}])
def test_new_code_that_changes_an_old_item_upgrades_it_in_the_same_write(
    old: People, new: TomorrowsPeople, table: Table, versions: frozenset[int] | None, email: dict[str, str]
) -> None:
    """Whether it knows the version or not; the email's claim moves along."""
    old.add(ada())
    changed = new.change("ada", {"mood": "high", **email}, expected=versions, at=NOW)
    assert isinstance(changed, Tomorrow)
    assert (changed.initial, changed.mood, changed.version) == ("A", "high", 2)
    item = stored(table)
    assert (item["schema_version"], item["initial"], item["mood"], item["version"]) == (2, "A", "high", 2)
    assert new.get("ada") == changed
    claim = table.get(keys.email(email.get("email", "ada@example.com").casefold()))
    assert claim is not None


@pytest.mark.parametrize("email", [{}, {"email": "new@example.com"}])
def test_old_code_that_changes_a_new_item_makes_it_its_own(
    old: People, new: TomorrowsPeople, table: Table, email: dict[str, str]
) -> None:
    """What it doesn't know stays; what follows from what it changed is made anew when tomorrow's code reads it."""
    new.add(grace())
    assert old.change("ada", {"name": "Alan", **email}, expected=frozenset({1}), at=NOW).version == 2
    item = stored(table)
    assert (item["schema_version"], item["initial"], item["mood"]) == (1, "G", "high")
    person = new.get("ada")
    assert isinstance(person, Tomorrow)
    assert (person.name, person.initial, person.mood) == ("Alan", "A", "high")


def test_a_change_of_an_item_of_this_version_is_one_write(old: People, table: Table) -> None:
    """The schema version is one condition more, and no call."""
    old.add(ada())
    watched = Watched(table)
    People(watched, shards=1).change("ada", {"name": "Alan"}, expected=frozenset({1}), at=NOW)
    assert watched.calls == ["write"]


def test_an_item_that_never_said_its_version_is_of_the_first(new: TomorrowsPeople, old: People, table: Table) -> None:
    """It was written before there were versions."""
    old.add(ada())
    item = {name: value for name, value in stored(table).items() if name not in {"schema_version", WRITE_ID}}
    old.delete("ada", expected=None, at=NOW)
    other = keys.person("eve")
    table.write(Put({**item, "pk": other.pk, "id": "eve"}))
    assert old.change("eve", {"name": "Eve"}, expected=None, at=NOW).schema_version == 1
    assert new.change("eve", {"mood": "low"}, expected=None, at=NOW).schema_version == 2


def test_who_is_late_is_told_so(old: People, new: TomorrowsPeople, table: Table) -> None:
    """A version that has passed is 412, of whatever schema version the item is."""
    old.add(ada())
    new.change("ada", {"mood": "high"}, expected=None, at=NOW)
    for people in (old, new):
        with pytest.raises(StaleVersionError):
            people.change("ada", {"name": "Alan"}, expected=frozenset({1}), at=NOW)
    assert stored(table)["name"] == "Ada"


def test_of_both_codes_at_once_each_change_counts(old: People, new: TomorrowsPeople, table: Table) -> None:
    """One comes between the other's look and its write."""
    old.add(ada())
    watched = Watched(table)
    people = TomorrowsPeople(watched)

    def once() -> None:
        watched.once_before("write", lambda: old.change("ada", {"tags": ["x"]}, expected=None, at=NOW))

    watched.once_before("write", once)
    people.change("ada", {"mood": "low"}, expected=None, at=NOW)
    person = new.get("ada")
    assert isinstance(person, Tomorrow)
    assert (person.mood, person.tags, person.version) == ("low", ["x"], 3)
