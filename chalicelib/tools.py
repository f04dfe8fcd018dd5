"""What `python -m grail` asks of this app (registered in pyproject.toml); Lambda never imports it."""

import re
from datetime import timedelta
from hashlib import sha256

from chalicelib import bootstrap
from chalicelib.access.roles import ROLES
from chalicelib.errors import DomainError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Once
from chalicelib.models.notes import Note
from chalicelib.models.orders import OrderLine, OrderNew
from chalicelib.models.people import PersonNew

_SUBJECT = re.compile(r"[A-Za-z0-9._@+-]{1,100}")
_LIFE = timedelta(hours=12)
_OPERATOR = Caller("operator", ("*:*",))


def token(*, role: str, subject: str) -> str:
    """Make a token that lasts twelve hours and return it.

    Raises ValueError for a role that is not there or a subject that is no name, RuntimeError where it can't be stored.
    """
    if role not in ROLES:
        message = f"there is no role {role!r}; there are {', '.join(ROLES)}"
        raise ValueError(message)
    if not _SUBJECT.fullmatch(subject):
        message = "a subject has 1 to 100 letters, digits and . _ @ + -"
        raise ValueError(message)
    try:
        return _mint(role=role, subject=subject)
    except DomainError as error:
        raise RuntimeError(str(error)) from error


def _mint(*, role: str, subject: str) -> str:
    return bootstrap.services().tokens.mint(subject, [role], life=_LIFE, caller=_OPERATOR)


def sample() -> None:
    """Load a small sample data set; done again, it changes nothing."""
    services = bootstrap.services()
    people = (
        PersonNew(name="Ada Lovelace", email="ada.lovelace@example.com", tags=["mathematics"]),
        PersonNew(name="Grace Hopper", email="grace.hopper@example.com", phone="+12025550143", tags=["navy", "cobol"]),
        PersonNew(name="Alan Turing", email="alan.turing@example.com"),
    )
    for number, person in enumerate(people):
        made = services.people.create(person, once=_once("person", number), caller=_OPERATOR)
        order = OrderNew(currency="EUR", lines=[OrderLine(sku="tea", quantity=number + 1, unit_price=450)])
        services.orders.place(made.entity.id, order, once=_once("order", number), caller=_OPERATOR)
    note = Note(title="Welcome", text="Change this note, or delete it.")
    services.resources["notes"].create(note, once=_once("note", 0), caller=_OPERATOR)


def _once(kind: str, number: int) -> Once:
    return Once(sha256(f"sample {kind} {number}".encode()).hexdigest()[:24], "sample")
