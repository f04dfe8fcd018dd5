"""How far a verb is, on stderr: a bar on a terminal, else a line now and then; nothing for what is soon done."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

_SOON = 2.0
_BETWEEN_LINES = 5.0
_BETWEEN_BARS = 0.1
_WIDTH = 24


class Progress:
    """Tells how many of `total` are done, while its block runs. Times are in seconds.

    `done` is how many it was told of last.
    """

    def __init__(
        self, what: str, total: int, *, stream: TextIO | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.done = 0
        self._what = what
        self._total = total
        self._stream = stream or sys.stderr
        self._now = now
        self._began = now()
        self._next = self._began + _SOON
        self._has_bar = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take the bar away: what is printed next starts at the line's beginning."""
        if self._has_bar:
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def tell(self, done: int, note: str = "") -> None:
        """Tell that so many are done, unless that was told a moment ago; `note` is what else there is to tell.

        The total may be a guess: then more may be done than that.
        """
        self.done = done
        now = self._now()
        if now < self._next:
            return
        rate = done / (now - self._began)
        total = max(self._total, done, 1)
        left = f"{(total - done) / rate:.0f} s left" if rate else "waiting"
        line = f"{self._what} {done:,} of {total:,}, {rate:,.0f}/s, {left}{note and ', '}{note}"
        if self._stream.isatty():
            filled = _WIDTH * done // total
            print(f"\r\x1b[K[{'#' * filled:-<{_WIDTH}}] {line}", end="", file=self._stream, flush=True)
            self._has_bar = True
        else:
            print(line, file=self._stream, flush=True)
        self._next = now + (_BETWEEN_BARS if self._has_bar else _BETWEEN_LINES)
