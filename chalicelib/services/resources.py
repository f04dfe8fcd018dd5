"""The mapping from a resource's name to its service. Each entry becomes the routes `/api/{name}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.models.currencies import CURRENCIES, Currency
from chalicelib.models.entity import Entity
from chalicelib.models.mocks import Mock
from chalicelib.models.notes import Note
from chalicelib.models.resource import Resource, Shapes, shapes
from chalicelib.repositories import keys
from chalicelib.repositories.records import Records
from chalicelib.repositories.table import Table
from chalicelib.services.service import Clock, Fixed, NewId, Service, Stored


@dataclass(frozen=True)
class Kept:
    """Where a resource is kept."""

    shapes: Shapes[Any]
    service: type[Service[Any]] = Stored
    in_memory: bool = False
    contents: Mapping[str, Resource] | None = None


def in_table(model: type[Resource]) -> Kept:
    """Keep a resource in the one table."""
    return Kept(shapes(model))


def in_memory(model: type[Resource]) -> Kept:
    """Keep a resource in this process, where the stage allows it (`Settings.mocks_in_memory`), else in the table."""
    return Kept(shapes(model), in_memory=True)


def read_only(model: type[Resource], contents: Mapping[str, Resource]) -> Kept:
    """Offer what stands in the code."""
    return Kept(shapes(model), service=Fixed, contents=contents)


RESOURCES: dict[str, Kept] = {
    "notes": in_table(Note),
    "mocks": in_memory(Mock),
    "currencies": read_only(Currency, CURRENCIES),
}
"""To add a resource: write its model as in `models/notes.py`, and add its line here."""


def build(name: str, kept: Kept, *, table: Table, memory: Table, now: Clock, new_id: NewId) -> Service[Entity]:
    """Return the service of an entry, on one of the two tables."""
    model = kept.shapes.stored
    if kept.contents is not None:
        return Fixed(model, kept.contents)
    records = Records(
        memory if kept.in_memory else table,
        model,
        key=lambda identifier: keys.resource(name, identifier),
        listed_as=keys.resource_list(name),
        by_owner=True,
    )
    return Stored(records, model, now=now, new_id=new_id)
