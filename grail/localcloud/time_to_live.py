"""Removes the items whose time to live has passed, which moto keeps for ever.

Source: DynamoDB Developer Guide, "Using time to live (TTL)": an item goes once its attribute, a number of seconds since
1970, has passed, within days; here, within half a minute. Its stream's record names DynamoDB as who removed it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item

from grail.localcloud.moto_state import ACCOUNT

_PERIOD = 30.0
_TOO_OLD = 5 * 365 * 24 * 60 * 60
"""Seconds after which DynamoDB takes a time for a mistake, and keeps the item."""
_DYNAMODB = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


class TimeToLive:
    """A part of the work to be done: sweeps now and then, alone with the tables. `now` is in seconds since 1970."""

    concurrency = 1

    def __init__(self, alone: threading.Lock, *, now: Callable[[], float] = time.time) -> None:
        self._alone = alone
        self._now = now
        self._next = now() + _PERIOD

    def has_work(self) -> bool:
        """Tell whether it is time."""
        return self._now() >= self._next

    def step(self) -> bool:
        """Sweep once."""
        now = self._now()
        self._next = now + _PERIOD
        with self._alone:
            sweep(now)
        return False


def sweep(now: float) -> None:
    """Remove what has passed, from every table that has a TTL."""
    for backend in list(dynamodb_backends[ACCOUNT].values()):
        for table in list(backend.tables.values()):
            if table.ttl["TimeToLiveStatus"] == "ENABLED":
                for item in list(_passed(table, now)):
                    _remove(table, item)


def _passed(table: Any, now: float) -> Iterator[Any]:  # noqa: ANN401 - moto's models are untyped
    name = table.ttl["AttributeName"]
    for found in table.items.values():  # by the hash key: an item, or the items of a partition
        for item in [found] if isinstance(found, Item) else found.values():
            value = item.attrs.get(name)
            if value is not None and value.type == "N" and now - _TOO_OLD < float(value.value) <= now:
                yield item


def _remove(table: Any, item: Any) -> None:  # noqa: ANN401 - moto's models are untyped
    table.delete_item(item.hash_key, item.range_key)
    if table.stream_shard is not None:
        table.stream_shard.items[-1].record["userIdentity"] = _DYNAMODB
