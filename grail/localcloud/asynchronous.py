"""Invocations that nobody waits for: rules' events, schedules, and Invoke with the type Event.

Source: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation": two more attempts,
one minute after the first and two minutes after the second; then the event is dropped.
"""

import heapq
import itertools
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from grail.localcloud.invocations import ExecutorLostError, FunctionError, Invoke

_PAUSES = (60.0, 120.0)


class Asynchronous:
    """The events on their way. `say` gets a line for each that is dropped; `now` is in seconds."""

    concurrency = 4

    def __init__(
        self, *, invoke: Invoke, say: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._invoke = invoke
        self._say = say
        self._now = now
        self._due: list[tuple[float, int, int, str, Mapping[str, Any]]] = []
        self._numbers = itertools.count()
        self._lock = Lock()

    def put(self, function: str, event: Mapping[str, Any]) -> None:
        """Take an event for a function."""
        self._put(function, event, attempts=0, at=self._now())

    def _put(self, function: str, event: Mapping[str, Any], *, attempts: int, at: float) -> None:
        with self._lock:
            heapq.heappush(self._due, (at, next(self._numbers), attempts, function, event))

    def has_work(self) -> bool:
        """Tell whether an event is due."""
        with self._lock:
            return bool(self._due) and self._due[0][0] <= self._now()

    def step(self) -> bool:
        """Deliver the event that is due first; tell whether there was one."""
        with self._lock:
            if not self._due or self._due[0][0] > self._now():
                return False
            _, _, attempts, function, event = heapq.heappop(self._due)
        try:
            self._invoke(function, event)
        except ExecutorLostError:  # a reload of the app is no attempt
            self._put(function, event, attempts=attempts, at=self._now())
            return False
        except FunctionError as error:
            if attempts < len(_PAUSES):
                self._put(function, event, attempts=attempts + 1, at=self._now() + _PAUSES[attempts])
            else:
                self._say(f"{function} failed {attempts + 1} times with an event, which is dropped: {error}")
        return True
