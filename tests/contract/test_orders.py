"""Orders, on every implementation of the table."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.bootstrap import Services
from chalicelib.errors import ConflictError, KeyReusedError, NotFoundError, StaleVersionError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Once
from chalicelib.models.orders import Order, OrderLine, OrderNew, Status
from chalicelib.models.people import PersonNew
from chalicelib.repositories import keys
from chalicelib.repositories.orders import Orders as OrderRepository
from chalicelib.repositories.table import Table, Update
from tests.contract.test_service import services as wire

ALICE = Caller("alice")
BOB = Caller("bob", only_own=True)
"""May reach only what is theirs."""
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


def place(services: Services, person: str, once: Once | None = None, caller: Caller = ALICE) -> Order:
    return services.orders.place(person, NEW, once=once, caller=caller).entity


def test_a_placed_order_is_pending(services: Services, person: str) -> None:
    """With its total, and to be found by itself and among the person's."""
    order = place(services, person)
    assert (order.status, order.total, order.person_id) == (Status.PENDING, 900, person)
    assert services.orders.get(order.id, caller=ALICE) == order
    assert services.orders.of_person(person, limit=10, after=None, caller=ALICE).items == [order]


def test_nobody_can_order_who_is_not_there(services: Services, person: str) -> None:
    """Neither an unknown person nor a deleted one, and there is no order afterwards."""
    services.people.delete(person, expected=None, caller=ALICE)
    for identifier in (person, "nobody"):
        with pytest.raises(NotFoundError):
            place(services, identifier, Once("order0", "hash"))
        with pytest.raises(NotFoundError):
            services.orders.of_person(identifier, limit=10, after=None, caller=ALICE)
    with pytest.raises(NotFoundError):
        services.orders.get("order0", caller=ALICE)


def test_a_key_makes_one_order(services: Services, person: str) -> None:
    """Again it is the same, with another body it is refused."""
    first = place(services, person, Once("order0", "hash"))
    assert place(services, person, Once("order0", "hash")) == first
    with pytest.raises(KeyReusedError):
        place(services, person, Once("order0", "other"))
    assert len(services.orders.of_person(person, limit=10, after=None, caller=ALICE).items) == 1


def test_a_persons_orders_come_in_parts(services: Services, person: str) -> None:
    """Oldest first, and none of anyone else's."""
    other = services.people.create(PersonNew(name="b", email="b@example.com"), once=None, caller=ALICE).entity.id
    ids = [place(services, person).id for _ in range(3)]
    place(services, other)
    part = services.orders.of_person(person, limit=2, after=None, caller=ALICE)
    rest = services.orders.of_person(person, limit=2, after=part.position, caller=ALICE)
    assert [order.id for order in [*part.items, *rest.items]] == ids
    assert rest.position is None


def test_a_pending_order_can_be_cancelled(services: Services, person: str) -> None:
    """Once is enough, and twice does no harm."""
    order = place(services, person)
    cancelled = services.orders.cancel(order.id, expected=frozenset({1}), caller=ALICE)
    assert (cancelled.status, cancelled.version) == (Status.CANCELLED, 2)
    assert services.orders.cancel(order.id, expected=None, caller=ALICE) == cancelled


def test_what_is_no_longer_pending_stays(services: Services, person: str, table: Table) -> None:
    """A confirmed order can't be cancelled."""
    order = place(services, person)
    OrderRepository(table, shards=1).move(
        order.id, source=Status.PENDING, target=Status.CONFIRMED, expected=None, at=order.created_at
    )
    with pytest.raises(ConflictError):
        services.orders.cancel(order.id, expected=None, caller=ALICE)


def test_a_stale_cancellation_does_nothing(services: Services, person: str) -> None:
    """The version guards it, also where the order is cancelled already."""
    order = place(services, person)
    with pytest.raises(StaleVersionError):
        services.orders.cancel(order.id, expected=frozenset({2}), caller=ALICE)
    assert services.orders.get(order.id, caller=ALICE) == order
    services.orders.cancel(order.id, expected=None, caller=ALICE)
    with pytest.raises(StaleVersionError):
        services.orders.cancel(order.id, expected=frozenset({1}), caller=ALICE)


def test_no_order_can_not_be_cancelled(services: Services) -> None:
    """An unknown id is not found."""
    with pytest.raises(NotFoundError):
        services.orders.cancel("nobody", expected=None, caller=ALICE)


@pytest.fixture
def bobs(services: Services) -> str:
    """Return the id of a person whom Bob owns."""
    made = services.people.create(PersonNew(name="b", email="b@example.com"), once=None, caller=BOB)
    return made.entity.id


def walk(services: Services, person: str, limit: int, caller: Caller) -> list[str]:
    """Return the ids of a person's orders, read in parts."""
    found: list[str] = []
    after = None
    while True:
        part = services.orders.of_person(person, limit=limit, after=after, caller=caller)
        found += [order.id for order in part.items]
        if part.position is None:
            return found
        assert part.position != after
        after = part.position


def test_an_own_order_is_placed_for_an_own_person(services: Services, bobs: str) -> None:
    """Who is confined to what is theirs owns both."""
    order = place(services, bobs, caller=BOB)
    assert order.owner == "bob"
    assert services.orders.get(order.id, caller=BOB) == order


def test_no_own_order_is_placed_for_anothers_person(services: Services, person: str) -> None:
    """The person looks as if they were not there, and there is no order afterwards."""
    with pytest.raises(NotFoundError, match=person):
        place(services, person, Once("order0", "hash"), BOB)
    assert services.orders.of_person(person, limit=10, after=None, caller=ALICE).items == []
    with pytest.raises(NotFoundError):
        services.orders.get("order0", caller=ALICE)


def test_a_key_makes_one_own_order(services: Services, bobs: str) -> None:
    """Again it is the same, as for anybody."""
    first = place(services, bobs, Once("order0", "hash"), BOB)
    assert place(services, bobs, Once("order0", "hash"), BOB) == first
    with pytest.raises(KeyReusedError):
        place(services, bobs, Once("order0", "other"), BOB)


def test_the_own_orders_of_a_person_come_in_parts(services: Services, bobs: str) -> None:
    """Exactly those, in order; whoever is not confined sees them all."""
    owners = [BOB, ALICE, BOB, BOB, ALICE]
    ids = [place(services, bobs, caller=owner).id for owner in owners]
    mine = [identifier for identifier, owner in zip(ids, owners, strict=True) if owner is BOB]
    for limit in (1, 2, 7):
        assert walk(services, bobs, limit, BOB) == mine
        assert walk(services, bobs, limit, ALICE) == ids


def test_orders_of_anothers_person_are_not_found(services: Services, person: str) -> None:
    """Nor is the person, even where one of the orders is mine."""
    place(services, person, caller=BOB._replace(only_own=False))
    with pytest.raises(NotFoundError, match=person):
        services.orders.of_person(person, limit=10, after=None, caller=BOB)


def test_anothers_order_is_not_found(services: Services, person: str, bobs: str) -> None:
    """Whoever the person's owner is."""
    for order in (place(services, person), place(services, bobs)):
        with pytest.raises(NotFoundError, match=order.id):
            services.orders.get(order.id, caller=BOB)


@pytest.mark.parametrize("expected", [None, frozenset({1}), frozenset({9})])
def test_anothers_order_can_not_be_cancelled(services: Services, bobs: str, expected: frozenset[int] | None) -> None:
    """Guarded or not, it is not found and stays as it is; a cancelled one shows no more."""
    order = place(services, bobs)
    for _ in range(2):
        before = services.orders.get(order.id, caller=ALICE)
        with pytest.raises(NotFoundError):
            services.orders.cancel(order.id, expected=expected, caller=BOB)
        assert services.orders.get(order.id, caller=ALICE) == before
        services.orders.cancel(order.id, expected=None, caller=ALICE)


def test_an_own_order_can_be_cancelled(services: Services, bobs: str) -> None:
    """With its version, and twice."""
    order = place(services, bobs, caller=BOB)
    with pytest.raises(StaleVersionError):
        services.orders.cancel(order.id, expected=frozenset({2}), caller=BOB)
    cancelled = services.orders.cancel(order.id, expected=frozenset({1}), caller=BOB)
    assert cancelled.status == Status.CANCELLED
    assert services.orders.cancel(order.id, expected=None, caller=BOB) == cancelled
    assert walk(services, bobs, 1, BOB) == [order.id]


# The lists of all orders: of a day, and of those pending

AT = datetime(2026, 1, 15, 23, 0, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)


def kept(table: Table, count: int, shards: int) -> tuple[OrderRepository, list[str]]:
    """Keep orders, one a minute, and return their ids."""
    repository = OrderRepository(table, shards=shards)
    ids = []
    for number in range(count):
        at = AT + timedelta(minutes=number)
        order = Order(
            id=f"order{number:03}", owner="alice", created_at=at, updated_at=at, person_id="p", total=NEW.total,
            status=Status.PENDING, currency=NEW.currency, lines=[line.model_dump() for line in NEW.lines],
        )  # fmt: skip
        ids.append(repository.add(order).entity.id)
    return repository, ids


@pytest.mark.parametrize(("count", "shards"), [(0, 1), (3, 1), (7, 4), (105, 1), (105, 4)])
def test_pending_orders_are_found_oldest_first(table: Table, count: int, shards: int) -> None:
    """Over all shards, and over more than a page."""
    repository, ids = kept(table, count, shards)
    assert list(repository.pending(latest=LATER)) == ids
    assert list(repository.pending(latest=AT + timedelta(minutes=2))) == ids[:3]


@pytest.mark.parametrize("shards", [1, 4])
def test_an_order_that_is_settled_is_pending_no_more(table: Table, shards: int) -> None:
    """Whatever it became; the others are found as before."""
    repository, ids = kept(table, 8, shards)
    for identifier, status in zip(ids[::2], [Status.CONFIRMED, Status.CANCELLED, Status.EXPIRED] * 2, strict=False):
        moved = repository.move(identifier, source=Status.PENDING, target=status, at=AT)
        assert moved.status == status
    assert list(repository.pending(latest=LATER)) == ids[1::2]


@pytest.mark.parametrize(("count", "shards"), [(0, 1), (100, 3), (170, 1), (170, 3)])
def test_a_days_orders_are_those_placed_on_it(table: Table, count: int, shards: int) -> None:
    """From midnight to midnight, UTC, and whatever became of them."""
    repository, ids = kept(table, count, shards)
    for identifier in ids[:2]:
        repository.move(identifier, source=Status.PENDING, target=Status.CONFIRMED, at=AT)
    assert [order.id for order in repository.of_day(AT.date()) if order] == ids[:60]
    assert [order.id for order in repository.of_day(AT.date() + timedelta(days=1)) if order] == ids[60:]
    assert list(repository.of_day(AT.date() - timedelta(days=1))) == []


def test_orders_stay_found_when_shards_are_added(table: Table) -> None:
    """Each is where it was written."""
    _, ids = kept(table, 6, 1)
    assert list(OrderRepository(table, shards=5).pending(latest=LATER)) == ids


def test_a_deleted_persons_orders_go_from_every_list(table: Table) -> None:
    """In parts, whatever became of them."""
    repository, ids = kept(table, 5, 2)
    repository.move(ids[0], source=Status.PENDING, target=Status.CONFIRMED, at=AT)
    assert [repository.clear("p", latest=LATER, limit=3, at=AT) for _ in range(3)] == [3, 2, 0]
    assert list(repository.pending(latest=LATER)) == []
    assert list(repository.of_day(AT.date())) == []
    for identifier in ids:
        with pytest.raises(NotFoundError):
            repository.get(identifier)


def test_an_order_that_can_not_be_read_is_in_nobodys_way(table: Table) -> None:
    """The others expire and are reported; it is counted, and goes with its person."""
    repository, ids = kept(table, 3, 1)
    table.apply(Update(keys.order(ids[1]), {"total": "many"}))
    assert list(repository.pending(latest=LATER)) == ids
    assert repository.settle(ids[1], Status.EXPIRED, at=AT) == Status.EXPIRED
    assert [order and order.id for order in repository.of_day(AT.date())] == [ids[0], None, ids[2]]
    assert repository.clear("p", latest=LATER, limit=9, at=AT) == 3
    assert list(repository.of_day(AT.date())) == []
