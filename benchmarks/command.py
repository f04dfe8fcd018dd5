"""What the benchmarks' command lines share: arguments, the machine's name, tables, and where figures are written."""

import argparse
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """End with the message; argparse would print the usage too."""
        self.exit(2, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser(name: str, description: str, *, results: Path) -> argparse.ArgumentParser:
    """Return the parser of `python -m benchmarks.<name>`."""
    made = _Parser(prog=f"python -m benchmarks.{name}", description=description)
    made.add_argument("--rounds", type=_rounds, default=15, help="turns of each contestant (default: %(default)s)")
    made.add_argument("--json", type=Path, default=results, metavar="FILE", help="the figures (default: %(default)s)")
    return made


def _rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        message = "must be a whole number, 1 or more"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def check_writable(file: Path) -> None:
    """Raise OSError now, and not after the measurement, where the figures can't be written."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.open("a").close()


def report(file: Path, document: dict[str, Any], text: str) -> None:
    """Print a table and write it, and the figures as JSON beside it."""
    print(text, end="")
    file.write_text(json.dumps(document, indent=2) + "\n")
    file.with_suffix(".md").write_text(text)


def machine() -> str:
    """Return the processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} CPUs" if names else platform.machine()


def table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose source can be read too."""
    widths = [max(len(line[column]) for line in (heads, *lines)) for column in range(len(heads))]
    ruled = [heads, tuple("-" * width for width in widths), *lines]
    padded = [" | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in ruled]
    return "".join(f"| {line} |\n" for line in padded)
