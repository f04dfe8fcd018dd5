"""Measure what a warm request costs: `python -m benchmarks.warm`.

CPU time in one process: no network, no store behind, the same requests for all. The table goes to stdout and, with the
figures as JSON beside it, to `benchmarks/results/`.
"""

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
    from benchmarks import agreement, command, measurement
    from benchmarks.contestants import BASELINE
    from benchmarks.measurement import Row, Spread
except ModuleNotFoundError as missing:  # the peers are in no other requirements
    message = f"python -m benchmarks.warm: {missing}; pip install -r benchmarks/requirements.txt"
    raise SystemExit(message) from missing

_RESULTS = Path(__file__).parent / "results" / "warm.json"
_LIBRARIES = ("aws-lambda-powertools", "chalice", "fastapi", "mangum", "pydantic", "pydantic-core", "starlette")


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    parser = command.parser("warm", "Measure what a warm request costs.", results=_RESULTS)
    options = parser.parse_args(arguments)
    try:
        command.check_writable(options.json)
        rows = _measured(options.rounds)
        document = _document(rows, options.rounds)
        command.report(options.json, document, f"{_table(rows)}\n{_caption(document)}\n")
    except (agreement.DisagreementError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


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
        "machine": command.machine(),
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
    return command.table(heads, lines)


def _text(spread: Spread, digits: int) -> str:
    return f"{spread.median:.{digits}f} ({spread.least:.{digits}f} to {spread.most:.{digits}f})"


if __name__ == "__main__":
    sys.exit(main())
