"""Orders in the table."""

from datetime import datetime

from chalicelib.errors import ConflictError, NotFoundError, StaleVersionError
from chalicelib.models.entity import Made, Slice
from chalicelib.models.orders import Order, Status
from chalicelib.repositories import keys
from chalicelib.repositories.records import Records, Versions, owned_by
from chalicelib.repositories.table import VERSION, Alive, Check, ConditionFailedError, Table


class Orders(Records[Order]):
    """The orders of all people."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, Order, key=keys.order)

    def place(self, order: Order, *, person_owner: str | None) -> Made[Order]:
        """Add an order if the person is there, and the given owner's (None: anyone's).

        Raises NotFoundError for the person, KeyReusedError, ConflictError.
        """
        person = Alive(equals=owned_by(person_owner))
        try:
            return self.add(order, Check(keys.person(order.person_id), person))
        except ConditionFailedError as failed:
            kind = "person"
            raise NotFoundError(kind, order.person_id) from failed

    def of_person(self, person_id: str, *, limit: int, after: str | None, owner: str | None) -> Slice[Order]:
        """Return a part of a person's orders, or of the owner's among them. A person who isn't there has none."""
        partition = keys.orders_of(person_id)
        if owner is not None:
            return self._slice(keys.BY_OWNER, [keys.owned(partition, owner)], limit=limit, after=after)
        return self._slice(keys.BY_LIST, [partition], limit=limit, after=after)

    def move(
        self,
        order_id: str,
        *,
        source: Status,
        target: Status,
        expected: Versions,
        owner: str | None = None,
        at: datetime,
    ) -> Order:
        """Take an order from one status to another, in one write; one that is there already is left as it is.

        Raises NotFoundError, StaleVersionError, and ConflictError from any other status.
        """
        condition = Alive(expected, {"status": source, **owned_by(owner)})
        try:
            return self._load(self._table.write(self._update_of(order_id, {"status": target}, condition, at)))
        except ConditionFailedError as failed:
            self._raise_unless_there(order_id, failed.item, owner)
            if failed.item is None or (expected is not None and failed.item[VERSION] not in expected):
                raise StaleVersionError from failed
            order = self._load(failed.item)
            if order.status != target:
                message = f"The order is {order.status}; it can't become {target}."
                raise ConflictError(message) from failed
            return order

    def _lists(self, entity: Order) -> dict[str, str]:
        partition = keys.orders_of(entity.person_id)
        return {keys.BY_LIST: partition, keys.BY_OWNER: keys.owned(partition, entity.owner)}
