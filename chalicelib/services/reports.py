"""Reports: a day's orders as JSON Lines in the bucket."""

from datetime import date

from pydantic import TypeAdapter

from chalicelib.models.orders import OrderView
from chalicelib.repositories.objects import REPORTS, Objects
from chalicelib.repositories.orders import Orders

_LINE = TypeAdapter(OrderView).serializer.to_json
"""Writes an order as clients see it."""


class Reports:
    """The reports."""

    def __init__(self, orders: Orders, objects: Objects) -> None:
        self._orders = orders
        self._objects = objects

    def write(self, day: date) -> tuple[str, int]:
        """Write the orders that were placed on a day (UTC), one a line, and return the object's key and their number.

        Written again, it shows the orders as they are then.
        """
        lines = [
            OrderView.model_validate(order, from_attributes=True).model_dump_json()
            for order in self._orders.of_day(day)
        ]
        key = f"{REPORTS}{day.isoformat()}.jsonl"
        body = "".join(f"{line}\n" for line in lines)
        self._objects.put(key, body.encode(), content_type="application/jsonl")
        return key, len(lines)
