"""CPU time of contestants that take turns in one process, as ratios to the first of them."""

import gc
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from benchmarks import command

Contestants = Mapping[str, Callable[[], object]]


def measured(contestants: Contestants, *, rounds: int, slot: int) -> dict[str, list[float]]:
    """Return the microseconds of CPU per call, round by round; a turn has `slot` calls."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(rounds + 1):
        print(f"\rround {turn} of {rounds}", end="" if turn < rounds else "\n", file=sys.stderr, flush=True)
        for name, contestant in contestants.items():
            gc.collect()
            started = time.process_time_ns()
            for _ in range(slot):
                contestant()
            if turn:  # the first one fills caches
                times[name].append((time.process_time_ns() - started) / 1000 / slot)
    return times


def document(
    times: Mapping[str, Sequence[float]],
    *,
    rounds: int,
    libraries: Sequence[str],
    **facts: Any,  # noqa: ANN401 - JSON values
) -> dict[str, Any]:
    """Return the figures, and what they were measured with."""
    floor = next(iter(times.values()))
    results = {}
    for name, found in times.items():
        ratios = [figure / base for figure, base in zip(found, floor, strict=True)]
        results[name] = {
            "microseconds": round(statistics.median(found), 1),
            "ratio": {
                "median": round(statistics.median(ratios), 3),
                "least": round(min(ratios), 3),
                "most": round(max(ratios), 3),
            },
        }
    return {**facts_of_run(rounds=rounds, libraries=libraries), **facts, "results": results}


def facts_of_run(*, rounds: int, libraries: Sequence[str]) -> dict[str, Any]:
    """Return what figures were measured with."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": command.machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in libraries},
        "rounds": rounds,
    }


def table(document: Mapping[str, Any], *, base: str, note: str) -> str:
    """Return the figures as a Markdown table, with a caption; `base` is the first contestant's short name."""
    rows = [
        (
            name,
            f"{row['microseconds']:.1f}",
            f"{row['ratio']['median']:.2f}",
            f"{row['ratio']['least']:.2f} to {row['ratio']['most']:.2f}",
        )
        for name, row in document["results"].items()
    ]
    libraries = ", ".join(f"{name} {number}" for name, number in document["libraries"].items())
    made_with = f"Python {document['python']}, {libraries}; {document['machine']}; {document['date']}."
    heads = ("contestant", "µs of CPU", f"times {base}", "least to most")
    return f"{command.table(heads, rows)}\nMedian of {document['rounds']} rounds, {note}. {made_with}\n"
