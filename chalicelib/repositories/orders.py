"""Orders in the table."""

from collections.abc import Iterator
from datetime import date, datetime

from chalicelib.errors import ConflictError, StaleVersionError
from chalicelib.models.orders import Order, Status
from chalicelib.repositories import keys
from chalicelib.repositories.belongings import Belongings
from chalicelib.repositories.records import Versions, owned_by
from chalicelib.repositories.table import VERSION, Alive, ConditionFailedError, Item, Table, Update

_PAGE = 100


class Orders(Belongings[Order]):
    """The orders of all people; `shards` is how many partitions those of a day, and those pending, are spread over."""

    def __init__(self, table: Table, *, shards: int) -> None:
        super().__init__(table, Order, key=keys.order, list_of=keys.orders_of, shards=shards)

    def pending(self, *, latest: datetime) -> Iterator[str]:
        """Return the ids of the pending orders that were placed at a time or before, oldest first.

        One that was settled a moment ago may still be among them. Only the index is read: an order that can't be read
        as one must not stand in the others' way.
        """
        end = keys.end(latest)
        for item in self._all(keys.PENDING, keys.PENDING_ORDERS):
            position = item[keys.INDEXES[keys.PENDING][1]]
            if position > end:
                return
            yield position.partition("#")[2]

    def of_day(self, day: date) -> Iterator[Order | None]:
        """Return the orders that were placed on a day (UTC), oldest first; None for one that can't be read."""
        for item in self._all(keys.BY_DAY, keys.day(day)):
            try:
                yield self._load(item)
            except ValueError:
                yield None

    def move(
        self,
        order_id: str,
        *,
        source: Status,
        target: Status,
        expected: Versions = None,
        owner: str | None = None,
        at: datetime,
    ) -> Order:
        """Take an order from one status to another, in one write; one that is there already is left as it is.

        Raises NotFoundError, StaleVersionError, and ConflictError from any other status.
        """
        condition = Alive(expected, {"status": source, **owned_by(owner)})
        try:
            return self._load(self._write(self._settlement(order_id, target, condition, at)))
        except ConditionFailedError as failed:
            self._raise_unless_there(order_id, failed.item, owner)
            if failed.item is None or (expected is not None and failed.item[VERSION] not in expected):
                raise StaleVersionError from failed
            order = self._load(failed.item)
            if order.status != target:
                message = f"The order is {order.status}; it can't become {target}."
                raise ConflictError(message) from failed
            return order

    def settle(self, order_id: str, target: Status, *, at: datetime) -> Status:
        """Take a pending order to another status, and return the one it has then; one that is not pending stays.

        Raises NotFoundError.
        """
        pending = Alive(equals={"status": Status.PENDING})
        try:
            self._apply(self._settlement(order_id, target, pending, at))
        except ConditionFailedError as failed:
            self._raise_unless_there(order_id, failed.item, None)
            return Status((failed.item or {})["status"])
        return target

    def _settlement(self, order_id: str, target: Status, expected: Alive, at: datetime) -> Update:
        """Return what sets a status for good; the order leaves the index of those pending."""
        changes = {"status": target, **dict.fromkeys(keys.INDEXES[keys.PENDING])}
        return self._update_of(order_id, changes, expected, at)

    def _all(self, index: str, name: str) -> Iterator[Item]:
        partitions = [keys.shard(name, number) for number in range(self._shards)]
        after: str | None = None
        while True:
            part = self._items(index, partitions, limit=_PAGE, after=after)
            yield from part.items
            if part.position is None:
                return
            after = part.position

    def _lists(self, entity: Order) -> dict[str, str]:
        number = keys.shard_of(entity.id, self._shards)
        lists = {**super()._lists(entity), keys.BY_DAY: keys.shard(keys.day(entity.created_at.date()), number)}
        if entity.status == Status.PENDING:
            lists[keys.PENDING] = keys.shard(keys.PENDING_ORDERS, number)
        return lists
