"""What `python -m grail` asks of this app (registered in pyproject.toml); Lambda never imports it."""

from hashlib import sha256

from chalicelib import bootstrap
from chalicelib.administration import OPERATOR, Administration, told_in_one_line
from chalicelib.models.audit import Entry
from chalicelib.models.documents import Document
from chalicelib.models.entity import Entity, Once, Upgrade
from chalicelib.models.inbox import Delivery
from chalicelib.models.notes import Note
from chalicelib.models.orders import Order, OrderLine, OrderNew
from chalicelib.models.people import Person, PersonNew
from chalicelib.models.principals import Principal
from chalicelib.models.tokens import Token, TokenNew
from chalicelib.services.resources import RESOURCES

_MODELS: tuple[type[Entity], ...] = (Delivery, Document, Entry, Order, Person, Principal, Token)
UPGRADES: dict[str, tuple[Upgrade, ...]] = {
    model.KIND: model.UPGRADES
    for model in (*_MODELS, *(kept.shapes.stored for kept in RESOURCES.values() if kept.contents is None))
}
"""What takes the items of a type from each schema version to the next."""
_LIFE = 12 * 60 * 60
"""Seconds."""


def token(*, role: str, subject: str) -> str:
    """Give a principal a role, make a service token that lasts twelve hours, and return it.

    Raises ValueError for what can't be, RuntimeError for what is refused or can't be stored.
    """
    with told_in_one_line():
        body = TokenNew(principal=subject, roles=[role], expires_in=_LIFE)
        Administration().grant(subject, roles=[role])
        made = bootstrap.services().tokens.create(body, once=None, caller=OPERATOR)
    return str(made.entity.secret)


def sample() -> None:
    """Load a small sample data set; done again, it changes nothing."""
    services = bootstrap.services()
    people = (
        PersonNew(name="Ada Lovelace", email="ada.lovelace@example.com", tags=["mathematics"]),
        PersonNew(name="Grace Hopper", email="grace.hopper@example.com", phone="+12025550143", tags=["navy", "cobol"]),
        PersonNew(name="Alan Turing", email="alan.turing@example.com"),
    )
    for number, person in enumerate(people):
        made = services.people.create(person, once=_once("person", number), caller=OPERATOR)
        order = OrderNew(currency="EUR", lines=[OrderLine(sku="tea", quantity=number + 1, unit_price=450)])
        services.orders.place(made.entity.id, order, once=_once("order", number), caller=OPERATOR)
    note = Note(title="Welcome", text="Change this note, or delete it.")
    services.resources["notes"].create(note, once=_once("note", 0), caller=OPERATOR)


def _once(kind: str, number: int) -> Once:
    return Once(sha256(f"sample {kind} {number}".encode()).hexdigest()[:24], "sample")
