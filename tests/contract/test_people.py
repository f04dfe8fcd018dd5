"""Unique emails, on every implementation of the table."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.errors import ConflictError, DomainError, StaleVersionError
from chalicelib.models.caller import Caller
from chalicelib.models.people import PersonNew, PersonPatch
from chalicelib.repositories import keys
from chalicelib.repositories.table import Table
from chalicelib.services.people import People
from tests.contract.test_service import services

ALICE = Caller("alice")


@pytest.fixture
def people(table: Table) -> People:
    """Return the service."""
    return services(table).people


def add(people: People, email: str) -> str:
    return people.create(PersonNew(name="a", email=email), once=None, caller=ALICE).entity.id


def claimed_by(table: Table, email_key: str) -> str | None:
    claim = table.get(keys.email(email_key))
    return str(claim["person_id"]) if claim else None


def test_no_two_have_one_email(people: People, table: Table) -> None:
    """Compared without case; the second creation leaves nothing behind."""
    first = add(people, "Ada@Example.com")
    with pytest.raises(ConflictError):
        add(people, "ada@example.COM")
    assert [person.id for person in people.page(limit=10, after=None, caller=ALICE).items] == [first]
    assert claimed_by(table, "ada@example.com") == first


def test_an_email_that_only_changes_its_case_keeps_its_claim(people: People, table: Table) -> None:
    """It is the same email, spelt as the person likes."""
    person = add(people, "ada@example.com")
    changed = people.change(person, PersonPatch(email="ADA@example.com"), expected=frozenset({1}), caller=ALICE)
    assert (changed.email, changed.version) == ("ADA@example.com", 2)
    assert claimed_by(table, "ada@example.com") == person


def test_a_new_email_moves_the_claim(people: People, table: Table) -> None:
    """The old one is free from then on, for others too."""
    person = add(people, "old@example.com")
    changed = people.change(person, PersonPatch(email="new@example.com"), expected=None, caller=ALICE)
    assert changed == people.get(person, caller=ALICE)
    assert (claimed_by(table, "old@example.com"), claimed_by(table, "new@example.com")) == (None, person)
    assert add(people, "old@example.com") != person


def test_a_taken_email_changes_nothing(people: People, table: Table) -> None:
    """Neither by a patch nor by a replacement, guarded or not."""
    person, other = add(people, "one@example.com"), add(people, "two@example.com")
    before = people.get(person, caller=ALICE)
    for expected in (None, frozenset({1})):
        with pytest.raises(ConflictError):
            people.change(person, PersonPatch(email="TWO@example.com"), expected=expected, caller=ALICE)
        with pytest.raises(ConflictError):
            people.replace(person, PersonNew(name="b", email="two@example.com"), expected=expected, caller=ALICE)
    assert people.get(person, caller=ALICE) == before
    assert claimed_by(table, "two@example.com") == other


def test_a_stale_change_of_the_email_leaves_the_claims(people: People, table: Table) -> None:
    """The version guards the claim as well."""
    person = add(people, "one@example.com")
    with pytest.raises(StaleVersionError):
        people.change(person, PersonPatch(email="two@example.com"), expected=frozenset({5}), caller=ALICE)
    assert (claimed_by(table, "one@example.com"), claimed_by(table, "two@example.com")) == (person, None)


def test_deleting_frees_the_email(people: People, table: Table) -> None:
    """For another person, at once."""
    person = add(people, "ada@example.com")
    people.delete(person, expected=None, caller=ALICE)
    assert claimed_by(table, "ada@example.com") is None
    add(people, "ada@example.com")


def test_of_concurrent_creations_with_one_email_one_wins(people: People, table: Table) -> None:
    """The others are told, and one claim stands."""

    def attempt(_: int) -> str | None:
        try:
            return add(people, "ada@example.com")
        except ConflictError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [identifier for identifier in pool.map(attempt, range(8)) if identifier]
    assert len(made) == 1
    assert claimed_by(table, "ada@example.com") == made[0]


def test_people_who_swap_emails_at_once_keep_one_each(people: People, table: Table) -> None:
    """However the race ends, every person holds exactly the claim on the email shown."""
    ids = [add(people, f"p{number}@example.com") for number in range(4)]

    def attempt(number: int) -> None:
        with contextlib.suppress(DomainError):
            people.change(ids[number % 4], PersonPatch(email=f"p{number % 5}@example.com"), expected=None, caller=ALICE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(attempt, range(40)))
    shown = {person.email_key: person.id for person in people.page(limit=10, after=None, caller=ALICE).items}
    assert len(shown) == 4
    for number in range(5):
        email = f"p{number}@example.com"
        assert claimed_by(table, email) == shown.get(email)
