"""What makes `chalice local` reload: the app's own source, and nothing else in its folder.

Chalice looks at every file below the folder once a second: the virtual environment too, and bytecode that the import
has just written.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from chalice.cli.filewatch.stat import StatFileWatcher

_SOURCES = {".py", ".json", ".toml"}
_NEVER = {"__pycache__", "node_modules", "site-packages", "tests", "docs", "benchmarks", "build", "dist"}


def watch_sources_only() -> None:
    """Replace the one method of Chalice's watcher that looks for changes."""
    setattr(StatFileWatcher, "_single_pass_poll", _single_pass_poll)  # noqa: B010 - it is private to Chalice


def _single_pass_poll(watcher: Any, folder: str, changed: Callable[[], None]) -> None:  # noqa: ANN401 - StatFileWatcher
    """Call `changed` if a source is other than it was at the pass before."""
    now = {file: file.stat().st_mtime_ns for file in sources(Path(folder)) if file.exists()}
    before = watcher.__dict__.get("sources", now)
    watcher.sources = now
    if now != before:
        changed()


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
