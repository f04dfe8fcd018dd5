"""CPU time per request: the contestants take turns in short slots, so that what disturbs one disturbs all."""

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from benchmarks.contestants import BASELINE, CONTESTANTS
from benchmarks.operations import INVOCATION, OPERATIONS, Operation

SLOT_SECONDS = 0.05
_WARM_UP = 300


class Spread(NamedTuple):
    """A figure's median over the rounds, and its extremes."""

    median: float
    least: float
    most: float


class Cost(NamedTuple):
    """What a request costs a contestant, in microseconds of CPU time, and in that of the baseline."""

    microseconds: Spread
    to_baseline: Spread


class Row(NamedTuple):
    """One contestant at one operation, with telemetry off and on.

    `added` is what telemetry adds, in microseconds; `factor`, how many times as much a request costs with it.
    """

    operation: str
    contestant: str
    off: Cost
    on: Cost
    added: Spread
    factor: Spread


class _Turn(NamedTuple):
    """A contestant with telemetry or without."""

    contestant: str
    telemetry: bool


def measure(*, rounds: int, progress: Callable[[str], None]) -> list[Row]:
    """Measure every contestant at every operation. The figures of one round belong together: they are paired."""
    found: list[Row] = []
    for operation in OPERATIONS:
        progress(f"{operation.name}: {rounds} rounds")
        found += _rows(operation, _rounds(operation, rounds))
    return found


def _rounds(operation: Operation, rounds: int) -> dict[_Turn, list[float]]:
    """Return the microseconds per request of every turn, round by round."""
    turns = [_Turn(name, telemetry) for telemetry in (False, True) for name in CONTESTANTS]
    lengths = {turn: _length(turn, operation) for turn in turns}
    times: dict[_Turn, list[float]] = {turn: [] for turn in turns}
    for _ in range(rounds):
        for turn in turns:
            times[turn].append(_slot(turn, operation, lengths[turn]))
    return times


def _length(turn: _Turn, operation: Operation) -> int:
    """Return how many requests fill a slot, once caches are warm."""
    _slot(turn, operation, _WARM_UP)
    return max(1, round(SLOT_SECONDS * 1e6 / _slot(turn, operation, _WARM_UP)))


def _slot(turn: _Turn, operation: Operation, requests: int) -> float:
    """Answer a number of requests; return the microseconds of CPU time per request."""
    handler = CONTESTANTS[turn.contestant](telemetry=turn.telemetry)
    event = operation.event
    gc.collect()  # what others left behind is not this one's to clean up
    started = time.process_time_ns()
    for _ in range(requests):
        handler(event, INVOCATION)
    return (time.process_time_ns() - started) / 1000 / requests


def _rows(operation: Operation, times: dict[_Turn, list[float]]) -> list[Row]:
    found = []
    for name in CONTESTANTS:
        off, on = times[_Turn(name, telemetry=False)], times[_Turn(name, telemetry=True)]
        found.append(
            Row(
                operation=operation.name,
                contestant=name,
                off=Cost(_spread(off), _ratios(off, times[_Turn(BASELINE, telemetry=False)])),
                on=Cost(_spread(on), _ratios(on, times[_Turn(BASELINE, telemetry=True)])),
                added=_spread(after - before for after, before in zip(on, off, strict=True)),
                factor=_ratios(on, off),
            )
        )
    return found


def _ratios(figures: list[float], bases: list[float]) -> Spread:
    return _spread(figure / base for figure, base in zip(figures, bases, strict=True))


def _spread(figures: Iterable[float]) -> Spread:
    every = list(figures)
    return Spread(statistics.median(every), min(every), max(every))
