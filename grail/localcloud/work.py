"""Keeps passive parts at work: one thread looks at all of them five times a second, a pool does what there is to do."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

_LOOK_SECONDS = 0.2
_FAULT_SECONDS = 5.0
_THREADS = 32
_LOG = logging.getLogger(__name__)


class Part(Protocol):
    """What is kept at work, in up to `concurrency` threads."""

    concurrency: int

    def has_work(self) -> bool:
        """Tell, at next to no cost, whether a step would do something."""

    def step(self) -> bool:
        """Do one round; tell whether there may be another."""


class Work:
    """Keeps at work what `parts` returns at the time."""

    def __init__(self, parts: Callable[[], Iterable[Part]]) -> None:
        self._parts = parts
        self._busy: Counter[Part] = Counter()
        self._resting: dict[Part, float] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="events")
        self._over = threading.Event()

    def start(self) -> None:
        """Begin, in threads."""
        threading.Thread(target=self._look, name="events", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more."""
        self._over.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _look(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            for part in self._parts():
                if self._busy[part] < part.concurrency and self._is_rested(part) and self._has_work(part):
                    with self._lock:
                        self._busy[part] += 1
                    self._pool.submit(self._do, part)

    def _has_work(self, part: Part) -> bool:
        try:
            return part.has_work()
        except Exception:  # noqa: BLE001 - one part's fault is not the others'
            self._rest(part)
            return False

    def _is_rested(self, part: Part) -> bool:
        return self._resting.get(part, 0.0) <= time.monotonic()

    def _do(self, part: Part) -> None:
        try:
            while part in tuple(self._parts()) and part.step():
                pass
        except Exception:  # noqa: BLE001 - as above
            self._rest(part)
        finally:
            with self._lock:
                self._busy[part] -= 1
                if not self._busy[part]:
                    del self._busy[part]

    def _rest(self, part: Part) -> None:
        """Leave a part that failed alone for a while: the next step may go well."""
        self._resting[part] = time.monotonic() + _FAULT_SECONDS
        if not self._over.is_set():
            _LOG.exception("a step failed")
