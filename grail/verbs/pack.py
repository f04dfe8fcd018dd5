"""Build a stage's package anew, the same bytes each time, where Chalice looks for it."""

import argparse
import hashlib
import json
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from grail.pack.build import build
from grail.project import Project
from grail.terminal import print_table

NAME = "pack"
EXAMPLE = "python -m grail pack --stage prod"

_LARGEST = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """Build, and say what came out."""
    packages = [_described(package) for package in build(Project(Path.cwd()), options.stage)]
    if options.json:
        print(json.dumps(packages, indent=2))
        return 0
    for package in packages:
        print(package["file"])
        print(f"sha256 {package['sha256']}")
        # Lambda quotas: "Deployment package (.zip file archive) size"
        sizes = _megabytes(package["zipped"]), _megabytes(package["unzipped"])
        print("{} MB zipped (Lambda takes 50 from `chalice deploy`), {} MB unzipped (of 250)".format(*sizes))
        parts = list(package["parts"].items())[:_LARGEST]
        print_table([{"largest": name, "MB": _megabytes(size)} for name, size in parts])
    return 0


def _described(package: Path) -> dict[str, Any]:
    """Return what there is to say of a package; sizes are in bytes, those of its top-level parts unzipped."""
    parts: Counter[str] = Counter()
    with zipfile.ZipFile(package) as opened:
        for entry in opened.infolist():
            parts[entry.filename.partition("/")[0]] += entry.file_size
    return {
        "file": str(package.relative_to(Path.cwd())),
        "sha256": hashlib.sha256(package.read_bytes()).hexdigest(),
        "zipped": package.stat().st_size,
        "unzipped": parts.total(),
        "parts": dict(parts.most_common()),
    }


def _megabytes(size: int) -> str:
    return f"{size / 1024**2:.1f}"
