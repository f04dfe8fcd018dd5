"""Invocations that nobody waits for."""

from collections.abc import Mapping
from typing import Any

from grail.localcloud.asynchronous import Asynchronous
from grail.localcloud.invocations import FunctionError


class Function:
    """A function that fails so many times, and a clock."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.now = 1000.0
        self.calls: list[tuple[float, str, Mapping[str, Any]]] = []
        self.lines: list[str] = []
        self.events = Asynchronous(invoke=self._invoke, say=self.lines.append, now=lambda: self.now)

    def _invoke(self, name: str, event: Mapping[str, Any]) -> None:
        self.calls.append((self.now, name, event))
        if len(self.calls) <= self.failures:
            raise FunctionError({"errorType": "KeyError", "errorMessage": "no"})

    def run(self, seconds: int) -> list[float]:
        """Let so many seconds pass; return when the function was called, from the start on."""
        for _ in range(seconds):
            while self.events.has_work():
                assert self.events.step()
            assert not self.events.step()
            self.now += 1
        return [at - 1000 for at, *_ in self.calls]


def test_an_event_is_delivered_once() -> None:
    """And at once."""
    function = Function(0)
    function.events.put("sweep", {"a": 1})
    assert function.run(400) == [0]
    assert function.calls[0][1:] == ("sweep", {"a": 1})
    assert function.lines == []


def test_a_failure_is_tried_twice_again() -> None:
    """After one minute, and two minutes after that."""
    function = Function(2)
    function.events.put("sweep", {})
    assert function.run(400) == [0, 60, 180]
    assert function.lines == []


def test_after_three_failures_it_is_dropped() -> None:
    """With one line that names the function and its error."""
    function = Function(9)
    function.events.put("sweep", {})
    assert function.run(1000) == [0, 60, 180]
    (line,) = function.lines
    assert "sweep" in line
    assert "KeyError: no" in line


def test_a_failure_holds_nothing_up() -> None:
    """What comes after it is delivered while it waits."""
    function = Function(1)
    function.events.put("bad", {})
    function.events.put("good", {})
    function.run(100)
    assert [name for _, name, _ in function.calls] == ["bad", "good", "bad"]
