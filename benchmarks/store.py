"""The store that all contestants share: it answers at once, so that only what stands before it is compared."""

from datetime import UTC, datetime, timedelta

from chalicelib.models.entity import Slice
from chalicelib.models.people import Person

_SINCE = datetime(2026, 1, 1, 9, 30, 15, 123456, tzinfo=UTC)

PEOPLE = [
    Person(
        id=f"k3q7wmd2zlhgnvxa5c4trj{number:02}",
        owner="ada",
        version=3,
        created_at=_SINCE + timedelta(hours=number),
        updated_at=_SINCE + timedelta(days=number),
        name=f"Ada Lovelace the {number}.",
        email=f"ada.{number}@example.com",
        phone="+442079460000",
        tags=["mathematics", "london"],
    )
    for number in range(1, 22)
]
_BY_ID = {person.id: person for person in PEOPLE}


def get(identifier: str) -> Person:
    """Return a person."""
    return _BY_ID[identifier]


def create() -> Person:
    """Return the person whom the measured request asks for."""
    return PEOPLE[0]


def page(limit: int) -> Slice[Person]:
    """Return the first people; more follow."""
    return Slice(PEOPLE[:limit], PEOPLE[limit - 1].id)
