"""How much time the running invocation has left, so that a retry never outlives the Lambda function."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

RESERVE = 5.0
"""Seconds at an invocation's end in which nothing is begun: what was done must still be told."""

Left = Callable[[], float]
"""Lambda's `get_remaining_time_in_millis`."""

_milliseconds_left: ContextVar[Left] = ContextVar("milliseconds_left", default=lambda: math.inf)


def begin(milliseconds_left: Left) -> Token[Left]:
    """Take the invocation's clock; give the token to `end`."""
    return _milliseconds_left.set(milliseconds_left)


def end(token: Token[Left]) -> None:
    """Forget the invocation's clock."""
    _milliseconds_left.reset(token)


def seconds_left() -> float:
    """Return the seconds left; infinite outside an invocation."""
    return _milliseconds_left.get()() / 1000


@contextmanager
def reserving(seconds: float) -> Iterator[None]:
    """Let it look, within the block, as if the invocation had so much less time: for what must be done after it."""
    left = _milliseconds_left.get()
    token = begin(lambda: left() - seconds * 1000)
    try:
        yield
    finally:
        end(token)
