"""Orders, on every implementation of the table."""

import pytest

from chalicelib.bootstrap import Services
from chalicelib.errors import ConflictError, KeyReusedError, NotFoundError, StaleVersionError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Once
from chalicelib.models.orders import Order, OrderLine, OrderNew, Status
from chalicelib.models.people import PersonNew
from chalicelib.repositories.orders import Orders as OrderRepository
from chalicelib.repositories.table import Table
from tests.contract.test_service import services as wire

ALICE = Caller("alice", ())
NEW = OrderNew(currency="EUR", lines=[OrderLine(sku="tea", quantity=2, unit_price=450)])


@pytest.fixture
def services(table: Table) -> Services:
    """Return the services."""
    return wire(table)


@pytest.fixture
def person(services: Services) -> str:
    """Return the id of a person who can order."""
    made = services.people.create(PersonNew(name="a", email="a@example.com"), once=None, caller=ALICE)
    return made.entity.id


def place(services: Services, person: str, once: Once | None = None) -> Order:
    return services.orders.place(person, NEW, once=once, caller=ALICE).entity


def test_a_placed_order_is_pending(services: Services, person: str) -> None:
    """With its total, and to be found by itself and among the person's."""
    order = place(services, person)
    assert (order.status, order.total, order.person_id) == (Status.PENDING, 900, person)
    assert services.orders.get(order.id) == order
    assert services.orders.of_person(person, limit=10, after=None).items == [order]


def test_nobody_can_order_who_is_not_there(services: Services, person: str) -> None:
    """Neither an unknown person nor a deleted one, and there is no order afterwards."""
    services.people.delete(person, expected=None)
    for identifier in (person, "nobody"):
        with pytest.raises(NotFoundError):
            place(services, identifier, Once("order0", "hash"))
        with pytest.raises(NotFoundError):
            services.orders.of_person(identifier, limit=10, after=None)
    with pytest.raises(NotFoundError):
        services.orders.get("order0")


def test_a_key_makes_one_order(services: Services, person: str) -> None:
    """Again it is the same, with another body it is refused."""
    first = place(services, person, Once("order0", "hash"))
    assert place(services, person, Once("order0", "hash")) == first
    with pytest.raises(KeyReusedError):
        place(services, person, Once("order0", "other"))
    assert len(services.orders.of_person(person, limit=10, after=None).items) == 1


def test_a_persons_orders_come_in_parts(services: Services, person: str) -> None:
    """Oldest first, and none of anyone else's."""
    other = services.people.create(PersonNew(name="b", email="b@example.com"), once=None, caller=ALICE).entity.id
    ids = [place(services, person).id for _ in range(3)]
    place(services, other)
    part = services.orders.of_person(person, limit=2, after=None)
    rest = services.orders.of_person(person, limit=2, after=part.position)
    assert [order.id for order in [*part.items, *rest.items]] == ids
    assert rest.position is None


def test_a_pending_order_can_be_cancelled(services: Services, person: str) -> None:
    """Once is enough, and twice does no harm."""
    order = place(services, person)
    cancelled = services.orders.cancel(order.id, expected=frozenset({1}))
    assert (cancelled.status, cancelled.version) == (Status.CANCELLED, 2)
    assert services.orders.cancel(order.id, expected=None) == cancelled


def test_what_is_no_longer_pending_stays(services: Services, person: str, table: Table) -> None:
    """A confirmed order can't be cancelled."""
    order = place(services, person)
    OrderRepository(table).move(
        order.id, source=Status.PENDING, target=Status.CONFIRMED, expected=None, at=order.created_at
    )
    with pytest.raises(ConflictError):
        services.orders.cancel(order.id, expected=None)


def test_a_stale_cancellation_does_nothing(services: Services, person: str) -> None:
    """The version guards it, also where the order is cancelled already."""
    order = place(services, person)
    with pytest.raises(StaleVersionError):
        services.orders.cancel(order.id, expected=frozenset({2}))
    assert services.orders.get(order.id) == order
    services.orders.cancel(order.id, expected=None)
    with pytest.raises(StaleVersionError):
        services.orders.cancel(order.id, expected=frozenset({1}))


def test_no_order_can_not_be_cancelled(services: Services) -> None:
    """An unknown id is not found."""
    with pytest.raises(NotFoundError):
        services.orders.cancel("nobody", expected=None)
