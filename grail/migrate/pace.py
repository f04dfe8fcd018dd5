"""How fast a run may go, how far it is, and whether it shall stop: what its threads share."""

import random
import threading
import time
from collections.abc import Callable

_STEP = 2.0
"""Seconds between looks at the lock and the wish to stop, while it waits."""
_ASIDE, _LONGEST_ASIDE = 0.05, 5.0


class StoppedError(Exception):
    """The run was asked to stop; what it has done is kept, and it can go on later."""


class Pace:
    """Spreads capacity units over time: at most `most` a second, None for as fast as it goes.

    `keep` is called now and then while it waits, and before each write. Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        most: float | None = None,
        keep: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.units = 0.0
        self._most = most
        self._keep = keep
        self._now = now
        self._sleep = sleep
        self._free_at = now()
        self._alone = threading.Lock()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let every thread stop before its next write."""
        self._stopped.set()

    def check(self) -> None:
        """Raise StoppedError where it shall stop, FencedError where the lock is lost."""
        if self._stopped.is_set():
            raise StoppedError
        self._keep()

    def spend(self, units: float) -> None:
        """Count capacity units, and wait until so many may be spent again. Raises as `check`."""
        with self._alone:
            self.units += units
            if self._most is None:
                return
            now = self._now()
            self._free_at = max(self._free_at, now) + units / self._most
            left = self._free_at - now
        while left > 0:
            self._sleep(min(left, _STEP))
            self.check()
            left -= _STEP

    def step_aside(self, attempt: int) -> None:
        """Wait before another attempt (counted from 1), so that those who met don't meet again; longer each time."""
        self._sleep(random.uniform(0, min(_LONGEST_ASIDE, _ASIDE * 2**attempt)))  # noqa: S311 - jitter
