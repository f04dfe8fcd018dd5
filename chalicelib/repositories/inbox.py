"""What partners have sent, in the table: their data as one text, since DynamoDB does not hold all that JSON does."""

import json

from chalicelib.models.inbox import Delivery
from chalicelib.repositories import keys
from chalicelib.repositories.records import Records
from chalicelib.repositories.table import ConditionFailedError, Item, Put, Table


class Inbox(Records[Delivery]):
    """The deliveries."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, Delivery, key=keys.delivery, listed_as=keys.INBOX)

    def keep(self, delivery: Delivery) -> bool:
        """Keep one, in one write; tell whether it was not there already."""
        try:
            self._table.write(Put(self._item(delivery)))
        except ConditionFailedError:
            return False
        return True

    def _item(self, entity: Delivery) -> Item:
        return {**super()._item(entity), "data": json.dumps(entity.data)}

    def _load(self, item: Item) -> Delivery:
        item = Delivery.upgraded(item)
        return super()._load({**item, "data": json.loads(item["data"])})
