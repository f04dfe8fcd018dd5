"""Invocations on their way to the process that runs the functions, and their results on the way back.

That process, the executor, fetches its work as a runtime does from Lambda's runtime API. There is one at a time: a new
one takes over, and what its predecessor was running counts as failed.
"""

import threading
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

Invoke = Callable[[str, Mapping[str, Any]], Any]
"""Runs a function with an event; returns what it answers, raises FunctionError where it fails."""

_NOBODY = ""
_LINES = 100


class FunctionError(Exception):
    """A function failed. `answer` is what Lambda answers then: errorType, errorMessage and, if known, stackTrace."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(f"{answer.get('errorType')}: {answer.get('errorMessage')}")
        self.answer = answer


class ExecutorLostError(FunctionError):
    """The process that ran a function is gone."""

    def __init__(self) -> None:
        super().__init__({"errorType": "Runtime.ExitError", "errorMessage": "the process ended before the function"})


class SupersededError(Exception):
    """An executor asks for work, but another has taken over, or it was taken for dead."""


class Invocation:
    """A call of a function, and its outcome once it is there."""

    def __init__(self, function: str, event: Mapping[str, Any]) -> None:
        self.id = str(uuid.uuid4())
        self.function = function
        self.event = event
        self._done = threading.Event()
        self._answer: Any = None
        self._error: FunctionError | None = None

    def finish(self, answer: Any = None, error: FunctionError | None = None) -> None:  # noqa: ANN401 - any JSON value
        """Tell the outcome."""
        self._answer, self._error = answer, error
        self._done.set()

    def outcome(self) -> Any:  # noqa: ANN401 - any JSON value
        """Wait for the outcome; return the answer or raise FunctionError."""
        self._done.wait()
        if self._error is not None:
            raise self._error
        return self._answer


class Invocations:
    """The invocations of all functions, and lines for whoever looks at the executor's terminal."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.executor = _NOBODY
        self._waiting: deque[Invocation] = deque()
        self._running: dict[str, Invocation] = {}
        self._lines: deque[str] = deque(maxlen=_LINES)

    @property
    def attached(self) -> bool:
        """Whether there is an executor."""
        return self.executor != _NOBODY

    def attach(self) -> str:
        """Let a new executor take over; return its id."""
        with self._changed:
            self._lose_all()
            self.executor = str(uuid.uuid4())
            self._changed.notify_all()
            return self.executor

    def detach(self, executor: str) -> None:
        """Take an executor for dead, if it is the present one."""
        with self._changed:
            if executor == self.executor:
                self.executor = _NOBODY
                self._lose_all()
                self._changed.notify_all()

    def _lose_all(self) -> None:
        for invocation in (*self._running.values(), *self._waiting):
            invocation.finish(error=ExecutorLostError())
        self._running.clear()
        self._waiting.clear()

    def wait_attached(self, seconds: float) -> bool:
        """Wait for an executor; tell whether there is one."""
        with self._changed:
            return self._changed.wait_for(lambda: self.attached, seconds)

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Have a function run; return what it answers or raise FunctionError."""
        invocation = Invocation(function, event)
        with self._changed:
            if not self.attached:
                raise ExecutorLostError
            self._waiting.append(invocation)
            self._changed.notify()
        return invocation.outcome()

    def say(self, line: str) -> None:
        """Have a line printed where the functions print."""
        with self._changed:
            self._lines.append(line)
            self._changed.notify()

    def next(self, executor: str, *, seconds: float) -> Invocation | str | None:
        """Return an executor's next invocation, or a line to print; None where there is neither for some time.

        Raises SupersededError.
        """

        def is_something() -> bool:
            return executor != self.executor or bool(self._waiting or self._lines)

        with self._changed:
            self._changed.wait_for(is_something, seconds)
            if executor != self.executor:
                raise SupersededError
            if self._lines:
                return self._lines.popleft()
            if not self._waiting:
                return None
            invocation = self._waiting.popleft()
            self._running[invocation.id] = invocation
            return invocation

    def finish(self, invocation: str, *, answer: Any = None, error: FunctionError | None = None) -> None:  # noqa: ANN401 - any JSON value
        """Take the outcome of an invocation, if it is still waited for."""
        with self._changed:
            found = self._running.pop(invocation, None)
        if found is not None:
            found.finish(answer, error)
