"""The only wiring: from settings to services."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from chalicelib.models.entity import Entity, spell
from chalicelib.models.people import Person
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.orders import Orders as OrderRepository
from chalicelib.repositories.people import People as PersonRepository
from chalicelib.repositories.table import Table
from chalicelib.repositories.tokens import Tokens as TokenRepository
from chalicelib.services import resources
from chalicelib.services.orders import Orders
from chalicelib.services.people import People
from chalicelib.services.service import Clock, NewId, Service
from chalicelib.services.tokens import Tokens
from chalicelib.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Services:
    """Every service of the app."""

    people: People
    orders: Orders
    tokens: Tokens
    resources: Mapping[str, Service[Entity]]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def random_id() -> str:
    """Return an id of 120 random bits."""
    return spell(secrets.token_bytes(15))


def build(
    settings: Settings, *, table: Table | None = None, now: Clock = utc_now, new_id: NewId = random_id
) -> Services:
    """Wire the services; tests and benchmarks pass their own table, clock and ids."""
    memory = MemoryTable()
    if table is None:
        table = DynamoTable(settings.table_name)
    people = PersonRepository(table, shards=settings.people_shards)
    return Services(
        people=People(people, Person, now=now, new_id=new_id),
        orders=Orders(OrderRepository(table), people, now=now, new_id=new_id),
        tokens=Tokens(TokenRepository(table), now=now, new_id=new_id),
        resources={
            name: resources.build(
                name, kept, table=table, memory=memory if settings.mocks_in_memory else table, now=now, new_id=new_id
            )
            for name, kept in resources.RESOURCES.items()
        },
    )


_services: Services | None = None
_wiring = Lock()


def services() -> Services:
    """Return this process's services, wired at the first call: importing the app must do no I/O."""
    global _services  # noqa: PLW0603 - one per process, as Lambda reuses it
    if _services is None:
        with _wiring:  # `chalice local` serves from several threads
            if _services is None:
                _services = build(Settings.read())
    return _services


def use(services: Services | None) -> None:
    """Set this process's services; None goes back to wiring them at the next call."""
    global _services  # noqa: PLW0603 - see services()
    _services = services
