"""Orders: placed by a person, then confirmed, cancelled or expired."""

from chalicelib.models.caller import Caller
from chalicelib.models.entity import Made, Once, Slice
from chalicelib.models.orders import Order, OrderNew, Status
from chalicelib.repositories.orders import Orders as OrderRepository
from chalicelib.repositories.people import People
from chalicelib.repositories.records import Versions
from chalicelib.services.service import Clock, NewId, begin


class Orders:
    """The orders of all people."""

    def __init__(self, orders: OrderRepository, people: People, *, now: Clock, new_id: NewId) -> None:
        self._orders = orders
        self._people = people
        self._now = now
        self._new_id = new_id

    def place(self, person_id: str, body: OrderNew, *, once: Once | None, caller: Caller) -> Made[Order]:
        """Place an order. Raises NotFoundError for the person, KeyReusedError, ConflictError."""
        stamps = begin(Order, at=self._now(), caller=caller, new_id=self._new_id, once=once)
        order = Order(**body.model_dump(), **stamps, person_id=person_id, status=Status.PENDING, total=body.total)
        return self._orders.place(order, person_owner=caller.confined_to)

    def get(self, order_id: str, *, caller: Caller) -> Order:
        """Return an order. Raises NotFoundError."""
        return self._orders.get(order_id, owner=caller.confined_to)

    def of_person(self, person_id: str, *, limit: int, after: str | None, caller: Caller) -> Slice[Order]:
        """Return a part of a person's orders. Raises NotFoundError for the person."""
        self._people.get(person_id, owner=caller.confined_to)
        return self._orders.of_person(person_id, limit=limit, after=after, owner=caller.confined_to)

    def cancel(self, order_id: str, *, expected: Versions, caller: Caller) -> Order:
        """Cancel a pending order; a cancelled one stays so. Raises NotFoundError, StaleVersionError, ConflictError."""
        return self._orders.move(
            order_id,
            source=Status.PENDING,
            target=Status.CANCELLED,
            expected=expected,
            owner=caller.confined_to,
            at=self._now(),
        )
