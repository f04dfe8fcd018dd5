"""Reports: a day's orders as JSON Lines in the bucket."""

from datetime import date
from tempfile import TemporaryFile
from typing import NamedTuple

from pydantic import TypeAdapter

from chalicelib.models.orders import OrderView
from chalicelib.repositories.objects import REPORTS, Objects
from chalicelib.repositories.orders import Orders

_LINE = TypeAdapter(OrderView).serializer.to_json
"""Writes an order as clients see it."""


class Report(NamedTuple):
    """A report's key in the bucket, how many orders it has, and how many it lacks because they can't be read."""

    key: str
    orders: int
    unreadable: int


class Reports:
    """The reports."""

    def __init__(self, orders: Orders, objects: Objects) -> None:
        self._orders = orders
        self._objects = objects

    def write(self, day: date) -> Report:
        """Write the orders that were placed on a day (UTC), one a line.

        Written again, it shows the orders as they are then.
        """
        key = f"{REPORTS}{day.isoformat()}.jsonl"
        written = unreadable = 0
        with TemporaryFile() as lines:  # on disk: a day may have more orders than the function has memory
            for order in self._orders.of_day(day):
                if order is None:
                    unreadable += 1
                else:
                    lines.write(_LINE(order) + b"\n")
                    written += 1
            self._objects.put(key, lines, content_type="application/jsonl")
        return Report(key, written, unreadable)
