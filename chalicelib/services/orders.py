"""Orders: placed by a person, then confirmed, cancelled or expired."""

from datetime import datetime, timedelta

from chalicelib import deadline
from chalicelib.errors import NotFoundError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Made, Once, Slice
from chalicelib.models.orders import Order, OrderNew, Status
from chalicelib.repositories.orders import Orders as OrderRepository
from chalicelib.repositories.people import People
from chalicelib.repositories.records import Versions
from chalicelib.services.service import Clock, NewId, begin


class Orders:
    """The orders of all people; one is pending for `pending_seconds` at the longest, give or take a schedule's tick."""

    def __init__(
        self, orders: OrderRepository, people: People, *, pending_seconds: int, now: Clock, new_id: NewId
    ) -> None:
        self._orders = orders
        self._people = people
        self._pending = timedelta(seconds=pending_seconds)
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

    def confirm(self, order_id: str) -> Status:
        """Confirm a pending order, and return the status it has then; another one stays. Raises NotFoundError."""
        return self._orders.settle(order_id, Status.CONFIRMED, at=self._now())

    def expire(self) -> int:
        """Let the orders expire that have been pending too long, and return how many did.

        In the time that the invocation has; the rest is for the next one.
        """
        expired = 0
        for order_id in self._orders.pending(latest=self._now() - self._pending):
            if deadline.seconds_left() < deadline.RESERVE:
                break
            try:
                status = self._orders.settle(order_id, Status.EXPIRED, at=self._now())
            except NotFoundError:  # deleted since the index was written
                continue
            expired += status == Status.EXPIRED
        return expired

    def clear(self, person_id: str, *, latest: datetime, limit: int) -> int:
        """Remove up to `limit` orders of a time or before, of a person who is gone; return how many there were."""
        return self._orders.clear(person_id, latest=latest, limit=limit, at=self._now())
