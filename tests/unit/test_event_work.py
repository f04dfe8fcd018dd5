"""Passive parts, kept at work."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from grail.localcloud import work
from grail.localcloud.work import Part, Work

LONG = 120


class Steps:
    """So many steps to do, each of which waits for the test where it is told to."""

    def __init__(self, count: int, *, concurrency: int = 1, waits: bool = False, fails: int = 0) -> None:
        self.concurrency = concurrency
        self.left = count
        self.fails = fails
        self.done = threading.Semaphore(0)
        self.inside = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0 if waits else LONG)
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def has_work(self) -> bool:
        """Tell whether there is a step to do."""
        return self.left > 0

    def step(self) -> bool:
        """Do one."""
        with self._lock:
            if self.left == 0:
                return False
            if self.fails:
                self.fails -= 1
                raise OSError
            self.left -= 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        self.inside.release()
        self.go_on.acquire(timeout=LONG)
        with self._lock:
            self.at_once -= 1
        self.done.release()
        return True

    def all_done(self, count: int) -> bool:
        """Wait for so many steps."""
        return all(self.done.acquire(timeout=LONG) for _ in range(count))


@contextmanager
def at_work(*parts: Part) -> Iterator[list[Part]]:
    """Keep parts at work while the block runs."""
    present = list(parts)
    kept = Work(lambda: present)
    kept.start()
    try:
        yield present
    finally:
        kept.stop()


def test_all_there_is_gets_done() -> None:
    """One after the other, where there is one thread for it."""
    steps = Steps(12)
    with at_work(steps):
        assert steps.all_done(12)
    assert (steps.left, steps.most_at_once) == (0, 1)


def test_as_many_at_once_as_it_may() -> None:
    """And no more, for all that there is to do."""
    steps = Steps(6, concurrency=2, waits=True)
    with at_work(steps) as present:
        assert steps.inside.acquire(timeout=LONG)
        assert steps.inside.acquire(timeout=LONG)
        for later in (Steps(1), Steps(1)):  # each of which is seen by another look at all
            present.append(later)
            assert later.all_done(1)
        steps.go_on.release(6)
        assert steps.all_done(6)
    assert steps.most_at_once == 2


def test_one_that_waits_holds_nobody_up() -> None:
    """Each part has threads of its own."""
    stuck, other = Steps(1, waits=True), Steps(3)
    with at_work(stuck, other):
        assert stuck.inside.acquire(timeout=LONG)
        assert other.all_done(3)
        stuck.go_on.release()


def test_what_is_gone_is_left() -> None:
    """After the step that was going on."""
    steps = Steps(9, waits=True)
    other = Steps(1)
    with at_work(steps) as present:
        assert steps.inside.acquire(timeout=LONG)
        present[:] = [other]
        steps.go_on.release(9)
        assert other.all_done(1)
        assert steps.all_done(1)
    assert steps.left == 8


def test_a_failure_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a rest it goes on."""
    monkeypatch.setattr(work, "_FAULT_SECONDS", 0)
    steps = Steps(2, fails=2)
    with at_work(steps):
        assert steps.all_done(2)
