"""Lambda's Invoke, and what an executor asks."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Response

from grail.localcloud import lambda_api
from grail.localcloud.asynchronous import Asynchronous
from grail.localcloud.engine import Engine
from grail.localcloud.lambda_api import LambdaApi
from grail.localcloud.wiring import Wiring

LONG = 120


def rest(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Stand for the rest of the embedded AWS."""
    return Response("rest")(environ, start_response)


class Lambda:
    """The API, a function that an executor runs in a thread, and the events that nobody waits for."""

    def __init__(self, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("grail.localcloud.event_bus.deliver_to", lambda _: None)
        monkeypatch.setattr(lambda_api, "when_gone", lambda process, then: self.watched.append((process, then)))
        monkeypatch.setattr(lambda_api, "_RELOAD_SECONDS", 0)
        monkeypatch.setattr(lambda_api, "POLL_SECONDS", 0)
        self.watched: list[Any] = []
        self.engine = Engine(lambda _: None, region="us-east-1")
        self._threads = threads

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Send a request."""
        content = body if isinstance(body, str) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = Client(LambdaApi(self.engine, rest))
        return client.open(path, method=method, data=content, headers=named, content_type="application/json")

    def attach(self) -> str:
        """Register an executor for one function; return its id."""
        wiring = Wiring(functions={"app-dev-f": 3}).as_json()
        answer = self.send("POST", "/executor", {"wiring": wiring, "process": 7}).json
        assert answer is not None
        assert answer["lines"] == []
        return str(answer["executor"])

    def invoke(self, name: str, body: Any = None, **headers: str) -> TestResponse:
        """Send Invoke."""
        return self.send("POST", f"/2015-03-31/functions/{name}/invocations", body, **headers)

    def answered(self, executor: str, outcome: Any, *, name: str = "app-dev-f") -> tuple[TestResponse, Any]:
        """Invoke, let the executor answer; return what Invoke answers, and what the executor got."""
        waiting = self._threads.submit(self.invoke, name, {"a": 1})
        found: Any = None
        while found is None:
            found = self.send("GET", f"/executor/{executor}/next").json if not waiting.done() else {}
        assert self.send("POST", f"/executor/invocations/{found['id']}", outcome).status_code == 204
        return waiting.result(LONG), found


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    """Return an API without an executor."""
    with ThreadPoolExecutor(2) as threads:
        yield Lambda(threads, monkeypatch)


@pytest.mark.parametrize(
    "name", ["app-dev-f", "app-dev-f:1", "arn:aws:lambda:us-east-1:123456789012:function:app-dev-f"]
)
def test_what_a_function_answers(api: Lambda, name: str) -> None:
    """By its name or its ARN; the executor gets the event."""
    answer, got = api.answered(api.attach(), {"answer": [1, None]}, name=name)
    assert (answer.status_code, answer.json) == (200, [1, None])
    assert "X-Amz-Function-Error" not in answer.headers
    assert (got["function"], got["event"]) == ("app-dev-f", {"a": 1})


def test_how_a_function_fails(api: Lambda) -> None:
    """As Lambda tells it: 200, a header, the error."""
    error = {"errorType": "KeyError", "errorMessage": "no"}
    answer, _ = api.answered(api.attach(), {"error": error})
    assert (answer.status_code, answer.json) == (200, error)
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled"


def test_an_event_is_taken(api: Lambda, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not there is an executor."""
    api.attach()
    put: list[Any] = []
    monkeypatch.setattr(Asynchronous, "put", lambda _, *event: put.append(event))
    answer = api.invoke("app-dev-f", {"a": 1}, X_Amz_Invocation_Type="Event")
    assert (answer.status_code, put) == (202, [("app-dev-f", {"a": 1})])


def test_a_dry_run_runs_nothing(api: Lambda) -> None:
    """It tells that the function is there."""
    executor = api.attach()
    assert api.invoke("app-dev-f", {}, X_Amz_Invocation_Type="DryRun").status_code == 204
    assert api.send("GET", f"/executor/{executor}/next").status_code == 204


@pytest.mark.parametrize(
    ("name", "body", "status", "kind"),
    [
        ("app-dev-none", {}, 404, "ResourceNotFoundException"),
        ("app-dev-f", "{", 400, "InvalidRequestContentException"),
    ],
)
def test_what_can_not_be_invoked(api: Lambda, name: str, body: Any, status: int, kind: str) -> None:
    """Has AWS's status and error."""
    api.attach()
    answer = api.invoke(name, body)
    assert (answer.status_code, answer.headers["X-Amzn-ErrorType"]) == (status, kind)


def test_an_app_that_does_not_run_is_said(api: Lambda) -> None:
    """Once its process is gone."""
    api.attach()
    ((process, gone),) = api.watched
    gone()
    assert process == 7
    assert api.invoke("app-dev-f", {}).status_code == 502


def test_a_superseded_executor_is_told(api: Lambda) -> None:
    """Its request for work is 410."""
    former, present = api.attach(), api.attach()
    assert api.send("GET", f"/executor/{former}/next").status_code == 410
    assert api.send("GET", f"/executor/{present}/next").status_code == 204


def test_a_line_goes_to_the_executor(api: Lambda) -> None:
    """To be printed there."""
    executor = api.attach()
    api.engine.invocations.say("something")
    assert api.send("GET", f"/executor/{executor}/next").json == {"line": "something"}


def test_the_rest_is_left_to_the_rest(api: Lambda) -> None:
    """Lambda's other calls too."""
    assert api.send("GET", "/2015-03-31/functions/").text == "rest"
    assert api.send("GET", "/executor/x").text == "rest"
