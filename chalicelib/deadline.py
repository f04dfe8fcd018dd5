"""How much time the running invocation has left, so that a retry never outlives the Lambda function."""

import math
from collections.abc import Callable
from contextvars import ContextVar

_milliseconds_left: ContextVar[Callable[[], float]] = ContextVar("milliseconds_left", default=lambda: math.inf)


def begin(milliseconds_left: Callable[[], float]) -> None:
    """Take the invocation's clock: `LambdaContext.get_remaining_time_in_millis`."""
    _milliseconds_left.set(milliseconds_left)


def seconds_left() -> float:
    """Return the seconds left; infinite outside an invocation."""
    return _milliseconds_left.get()() / 1000
