"""What makes `chalice local` reload: the app's own source, and nothing else in its folder.

Chalice looks at every file below the folder once a second: the virtual environment too, and bytecode that the import
has just written.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from chalice.cli.filewatch.stat import StatFileWatcher

_SOURCES = {".py", ".json", ".toml"}
_NEVER = {"__pycache__", "node_modules", "site-packages", "tests", "docs", "benchmarks", "build", "dist", "migrations"}


def watch_sources_only(folder: Path) -> None:
    """Replace the one method of Chalice's watcher that looks for changes; what counts is what changes from now on."""
    loaded = _times(folder)

    def single_pass_poll(_: StatFileWatcher, __: str, changed: Callable[[], None]) -> None:
        nonlocal loaded
        before, loaded = loaded, _times(folder)
        if loaded != before:
            changed()

    setattr(StatFileWatcher, "_single_pass_poll", single_pass_poll)  # noqa: B010 - it is private to Chalice


def _times(folder: Path) -> dict[Path, int]:
    found = {}
    for file in sources(folder):
        with contextlib.suppress(FileNotFoundError):
            found[file] = file.stat().st_mtime_ns
    return found


def sources(folder: Path) -> Iterator[Path]:
    """Yield an app's source files: no hidden folder but `.chalice`, no virtual environment."""
    for top, folders, files in os.walk(folder):
        folders[:] = [
            name
            for name in folders
            if name not in _NEVER
            and (name == ".chalice" or not name.startswith("."))
            and not Path(top, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(top, name) for name in files if Path(name).suffix in _SOURCES)
