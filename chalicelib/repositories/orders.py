"""Orders in the table."""

from datetime import datetime

from chalicelib.errors import ConflictError, NotFoundError, StaleVersionError
from chalicelib.models.entity import Slice
from chalicelib.models.orders import Order, Status
from chalicelib.repositories import keys
from chalicelib.repositories.records import Records, Versions
from chalicelib.repositories.table import VERSION, Alive, Check, ConditionFailedError, Put, Table


class Orders(Records[Order]):
    """The orders of all people."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, Order, key=keys.order)

    def of_person(self, person_id: str, *, limit: int, after: str | None) -> Slice[Order]:
        """Return a part of a person's orders, oldest first. A person who isn't there has none."""
        return self._slice([keys.orders_of(person_id)], limit=limit, after=after)

    def move(self, order_id: str, *, source: Status, target: Status, expected: Versions, at: datetime) -> Order:
        """Take an order from one status to another, in one write; one that is there already is left as it is.

        Raises NotFoundError, StaleVersionError, and ConflictError from any other status.
        """
        condition = Alive(expected, {"status": source})
        try:
            return self._load(self._table.write(self._update_of(order_id, {"status": target}, condition, at)))
        except ConditionFailedError as failed:
            self._raise_unless_alive(order_id, failed.item)
            if failed.item is None or (expected is not None and failed.item[VERSION] not in expected):
                raise StaleVersionError from failed
            order = self._load(failed.item)
            if order.status != target:
                message = f"The order is {order.status}; it can't become {target}."
                raise ConflictError(message) from failed
            return order

    def _partition(self, entity: Order) -> str:
        return keys.orders_of(entity.person_id)

    def _insert(self, entity: Order) -> None:
        """Write the order if the person is there. Raises NotFoundError for the person."""
        try:
            self._table.transact([Put(self._item(entity)), Check(keys.person(entity.person_id))])
        except ConditionFailedError as failed:
            if failed.index == 1:
                kind = "person"
                raise NotFoundError(kind, entity.person_id) from failed
            raise
