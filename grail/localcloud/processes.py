"""Whether another process still runs, and what to do when it does not."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

_POLL_SECONDS = 0.2


def is_alive(process: int) -> bool:
    """Tell whether a process of this user runs; one that ended and was not waited for does not."""
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except (ProcessLookupError, PermissionError):
        return False
    except OSError:  # there is no /proc but on Linux
        return True
    return not state.startswith(" Z")


def when_gone(process: int, then: Callable[[], None]) -> None:
    """Call `then` from a thread as soon as a process is gone."""

    def watch() -> None:
        while is_alive(process):
            time.sleep(_POLL_SECONDS)
        then()

    threading.Thread(target=watch, name=f"watch-{process}", daemon=True).start()
