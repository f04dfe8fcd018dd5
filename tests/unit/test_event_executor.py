"""The app's process, as it runs functions for the embedded AWS."""

import threading
from collections.abc import Callable
from queue import Empty, Queue
from typing import Any

import pytest

from grail.errors import GrailError
from grail.localcloud import executor
from grail.localcloud.executor import Executor
from grail.localcloud.wiring import Wiring

LONG = 120


class Aws:
    """An embedded AWS that has some work and then is gone; what it is told."""

    def __init__(self, *work: Any) -> None:
        self.work: Queue[Any] = Queue()
        self.told: dict[str, Any] = {}
        for each in work:
            self.work.put(each)

    def connect(self, address: str) -> "Aws":
        """Stand for a connection."""
        assert address == "127.0.0.1:1"
        return self

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Answer a request."""
        if method == "POST":
            self.told[path] = body
            return {"executor": "x", "lines": ["a line"]}
        assert path == "/executor/x/next"
        try:
            return self.work.get_nowait()
        except Empty as error:
            raise ConnectionResetError from error


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Return what has functions run, and returns their outcomes."""

    def run(function: Callable[[str, Any], Any], *work: Any) -> dict[str, Any]:
        aws = Aws(*work)
        monkeypatch.setattr(executor, "_Connection", aws.connect)
        before = set(threading.enumerate())
        assert Executor("http://127.0.0.1:1", function).start(Wiring(functions={})) == ["a line"]
        for thread in set(threading.enumerate()) - before:
            thread.join(LONG)
            assert not thread.is_alive()
        return aws.told

    return run


def invocation(number: int, event: Any) -> dict[str, Any]:
    """Return a piece of work."""
    return {"id": str(number), "function": "f", "event": event}


def test_each_invocation_is_answered(outcomes: Callable[..., dict[str, Any]]) -> None:
    """With what the function makes of it; when the embedded AWS is gone, all threads end without a word."""
    told = outcomes(
        lambda name, event: [name, event], *(invocation(number, {"n": number}) for number in range(9)), None
    )
    for number in range(9):
        assert told[f"/executor/invocations/{number}"] == {"answer": ["f", {"n": number}]}


@pytest.mark.parametrize(
    ("raised", "kind", "message"),
    [(KeyError("no"), "KeyError", "'no'"), (SystemExit("bye"), "SystemExit", "bye"), (None, "TypeError", "not JSON")],
)
def test_a_failure_is_told_and_shown(
    outcomes: Callable[..., dict[str, Any]],
    capfd: pytest.CaptureFixture[str],
    raised: BaseException | None,
    kind: str,
    message: str,
) -> None:
    """With its traceback in the terminal, and the executor goes on; an answer that is not JSON is a failure too."""

    def function(_: str, event: Any) -> Any:
        if not event:
            return event
        if raised is not None:
            raise raised
        return object()

    told = outcomes(function, invocation(1, {"a": 1}), invocation(2, []), invocation(3, {"a": 1}), invocation(4, []))
    error = told["/executor/invocations/1"]["error"]
    assert error["errorType"] == kind
    assert message.replace("not JSON", "not JSON serializable") in error["errorMessage"]
    assert "function" in "".join(error["stackTrace"]) or raised is None
    assert told["/executor/invocations/4"] == {"answer": []}
    assert capfd.readouterr().err.count("Traceback") == 2


def test_a_line_is_shown(outcomes: Callable[..., dict[str, Any]], capfd: pytest.CaptureFixture[str]) -> None:
    """In the app's terminal."""
    outcomes(lambda *_: None, {"line": "f failed 3 times"})
    assert capfd.readouterr().err == "f failed 3 times\n"


def test_an_embedded_aws_that_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no traceback."""
    aws = Aws()
    monkeypatch.setattr(executor, "_Connection", aws.connect)

    def refuse(*_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(aws, "send", refuse)
    with pytest.raises(GrailError, match="start `chalice local` again"):
        Executor("http://127.0.0.1:1", lambda *_: None).start(Wiring(functions={}))
