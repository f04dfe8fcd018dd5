"""What makes `chalice local` reload: the app's own source, and nothing else in its folder.

Chalice looks at every file below the folder, while the app is being imported: at the virtual environment too, and at
bytecode that the import has just written. It stops looking for good when a file vanishes under its eyes, as bytecode's
temporary files do, and it does not see a change between its reading of a file and its first look. So we look ourselves.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from chalice.cli.filewatch import RESTART_REQUEST_RC
from chalice.cli.filewatch.stat import StatFileWatcher

HOLD = threading.Lock()
"""While it is held nothing is restarted: what a worker starts or prints once must come to its end."""

_POLL_SECONDS = 0.5
_SOURCES = {".py", ".json", ".toml"}
_NEVER = {"__pycache__", "node_modules", "site-packages", "tests", "docs", "benchmarks", "build", "dist", "migrations"}


def watch(folder: Path) -> None:
    """Have Chalice's parent start this worker anew, in the place of Chalice's own watcher, once a source has changed.

    What was changed since the process began counts: it may have been read before.
    """
    setattr(StatFileWatcher, "_single_pass_poll", lambda *_: None)  # noqa: B010 - it is private to Chalice
    began, now = _began(), time.time_ns()
    read = {file: changed for file, changed in _times(folder).items() if not began < changed <= now}
    threading.Thread(target=_look, args=(folder, read), name="reload", daemon=True).start()


def _look(folder: Path, read: dict[Path, int]) -> None:
    while _times(folder) == read:
        time.sleep(_POLL_SECONDS)
    with HOLD:
        _restart()


def _restart() -> None:
    """End the process at once: whatever runs in it, its parent waits for it."""
    try:
        logging.getLogger(__name__).info("Restarting local dev server.")
        sys.stdout.flush()
    finally:
        os._exit(RESTART_REQUEST_RC)


def _began() -> int:
    """Return when this process began, as near as Python tells: when it loaded `logging`. Unix time, in ns."""
    record = logging.makeLogRecord({})
    return int(record.created * 1e9 - record.relativeCreated * 1e6)


def _times(folder: Path) -> dict[Path, int]:
    found = {}
    for file in sources(folder):
        with contextlib.suppress(OSError):  # it has just vanished, or is a link to nothing
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
