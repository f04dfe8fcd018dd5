"""What a verb prints for a person, and what it asks one."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


def confirmed(question: str) -> bool:
    """Ask on the terminal; where there is none, the answer is no."""
    if not sys.stdin.isatty():
        return False
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


@contextmanager
def resumable() -> Iterator[None]:
    """Say, where Ctrl-C ends the block, that what it does can be gone on with."""
    try:
        yield
    except KeyboardInterrupt:
        print("\ncut short; run it again, and it goes on", file=sys.stderr)
        raise


def counted(number: int, what: str) -> str:
    """Return how many of something there are: `1 item`, `2,000 items`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows under their names, each column as wide as it must be."""
    if not rows:
        return
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(rows[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if value is None or value == []:
        return "-"
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else json.dumps(value)
