"""Measure what a warm request costs: `python -m benchmarks.warm`.

CPU time in one process: no network, no store behind, the same requests for all. The table goes to stdout and, with the
figures as JSON beside it, to `benchmarks/results/`.
"""

import argparse
import json
import os
import platform
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

try:
    from benchmarks import agreement, measurement
    from benchmarks.contestants import BASELINE
    from benchmarks.measurement import Row, Spread
except ModuleNotFoundError as missing:  # the peers are in no other requirements
    message = f"python -m benchmarks.warm: {missing}; pip install -r benchmarks/requirements.txt"
    raise SystemExit(message) from missing

_RESULTS = Path(__file__).parent / "results" / "warm.json"
_LIBRARIES = ("aws-lambda-powertools", "chalice", "fastapi", "mangum", "pydantic", "pydantic-core", "starlette")


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """End with the message; argparse would print the usage too."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    parser = _Parser(prog="python -m benchmarks.warm", description="Measure what a warm request costs.")
    parser.add_argument("--rounds", type=_rounds, default=15, help="turns of each contestant (default: %(default)s)")
    parser.add_argument(
        "--json", type=Path, default=_RESULTS, metavar="FILE", help="the figures (default: %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.open("a").close()  # if it can't be written, say so now
        rows = _measured(options.rounds)
        document = _document(rows, options.rounds)
        text = f"{_table(rows)}\n{_caption(document)}\n"
        print(text, end="")
        options.json.write_text(json.dumps(document, indent=2) + "\n")
        options.json.with_suffix(".md").write_text(text)
    except (agreement.DisagreementError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        message = "must be a whole number, 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _measured(rounds: int) -> list[Row]:
    """Measure with everything that is logged going to a file, read once to compare it, and from then on to nothing.

    Line by line, as Lambda's runtime flushes every write to stdout.
    """
    with TemporaryFile("w+", buffering=1) as output, redirect_stdout(output):
        _progress("comparing the answers")
        agreement.check(output)
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), output.fileno())
        return measurement.measure(rounds=rounds, progress=_progress)


def _progress(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


def _document(rows: list[Row], rounds: int) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine(),
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in _LIBRARIES},
        "unit": "microseconds of CPU time per request",
        "baseline": BASELINE,
        "rounds": rounds,
        "slot_seconds": measurement.SLOT_SECONDS,
        "results": [_record(row) for row in rows],
    }


def _record(row: Row) -> dict[str, Any]:
    return {
        "operation": row.operation,
        "contestant": row.contestant,
        "telemetry_off": {name: _figures(spread) for name, spread in row.off._asdict().items()},
        "telemetry_on": {name: _figures(spread) for name, spread in row.on._asdict().items()},
        "telemetry_adds": {"microseconds": _figures(row.added), "factor": _figures(row.factor)},
    }


def _figures(spread: Spread) -> dict[str, float]:
    return {name: round(figure, 3) for name, figure in spread._asdict().items()}


def _machine() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} CPUs" if names else platform.machine()


def _caption(document: dict[str, Any]) -> str:
    libraries = ", ".join(f"{name} {number}" for name, number in document["libraries"].items())
    return (
        f"CPU time per request, median of {document['rounds']} rounds (least to most). "
        f"Python {document['python']}, {libraries}; {document['machine']}; {document['date']}."
    )


def _table(rows: list[Row]) -> str:
    """Return the figures as a Markdown table whose source can be read too."""
    heads = ("operation", "contestant", "µs", "x bare", "µs, telemetry on", "x bare", "telemetry adds µs", "factor")
    lines = [
        (
            row.operation,
            row.contestant,
            _text(row.off.microseconds, 1),
            _text(row.off.to_baseline, 2),
            _text(row.on.microseconds, 1),
            _text(row.on.to_baseline, 2),
            _text(row.added, 1),
            _text(row.factor, 2),
        )
        for row in rows
    ]
    widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
    ruled = [heads, tuple("-" * width for width in widths), *lines]
    padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in ruled]
    return "".join(f"| {line} |\n" for line in padded)


def _text(spread: Spread, digits: int) -> str:
    return f"{spread.median:.{digits}f} ({spread.least:.{digits}f} to {spread.most:.{digits}f})"


if __name__ == "__main__":
    sys.exit(main())
