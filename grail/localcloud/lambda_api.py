"""Lambda's Invoke, and the API through which an executor gets its work, before the rest of the embedded AWS.

POST /2015-03-31/functions/{name}/invocations    Lambda's
POST /executor                                   wiring and process id -> executor id, lines to print
GET  /executor/{id}/next                         an invocation, a line to print, or 204; 410 when superseded
POST /executor/invocations/{id}                  {"answer": ...} or {"error": {...}}
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from grail.localcloud.engine import Engine
from grail.localcloud.invocations import FunctionError, Invocation, SupersededError
from grail.localcloud.processes import when_gone
from grail.localcloud.wiring import Wiring

POLL_SECONDS = 30.0
"""How long an executor's request for work stays open."""

_RELOAD_SECONDS = 20.0
_INVOKE = re.compile(r"/2015-03-31/functions/([^/]+)/invocations/?")
_NEXT = re.compile(r"/executor/([^/]+)/next")
_OUTCOME = re.compile(r"/executor/invocations/([^/]+)")

Application = Callable[..., Iterable[bytes]]


class LambdaApi:
    """Answers what is Lambda's to answer, and leaves the rest to another WSGI application."""

    def __init__(self, engine: Engine, rest: Application) -> None:
        self._engine = engine
        self._rest = rest

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        path = str(environ["PATH_INFO"])
        if invoked := _INVOKE.fullmatch(path):
            answer = self._invoke(unquote(invoked[1]), Request(environ))
        elif path == "/executor":
            answer = self._register(Request(environ))
        elif asked := _NEXT.fullmatch(path):
            answer = self._next(asked[1])
        elif finished := _OUTCOME.fullmatch(path):
            outcome = Request(environ).get_json()
            error = FunctionError(outcome["error"]) if "error" in outcome else None
            self._engine.invocations.finish(finished[1], answer=outcome.get("answer"), error=error)
            answer = Response(status=204)
        else:
            return self._rest(environ, start_response)
        return answer(environ, start_response)

    def _invoke(self, named: str, request: Request) -> Response:
        """Answer Invoke; a function may be named by its ARN, and with a qualifier."""
        name = named.rpartition("function:")[2].partition(":")[0]
        if name not in self._engine.functions:
            return _fault(404, "ResourceNotFoundException", f"Function not found: {named}")
        try:
            event = json.loads(request.get_data() or b"{}")
        except ValueError as error:
            return _fault(400, "InvalidRequestContentException", f"Could not parse request body into json: {error}")
        match request.headers.get("X-Amz-Invocation-Type", "RequestResponse"):
            case "Event":
                self._engine.asynchronous.put(name, event)
                return Response(status=202)
            case "DryRun":
                return Response(status=204)
        if not self._engine.invocations.wait_attached(_RELOAD_SECONDS):
            return _fault(502, "ServiceException", "the app does not run: see the terminal of `chalice local`")
        headers = {"X-Amz-Executed-Version": "$LATEST"}
        try:
            return _json(self._engine.invocations.invoke(name, event), headers=headers)
        except FunctionError as error:
            return _json(error.answer, headers={**headers, "X-Amz-Function-Error": "Unhandled"})

    def _register(self, request: Request) -> Response:
        described = request.get_json()
        executor, lines = self._engine.register(Wiring.read(described["wiring"]))
        when_gone(described["process"], lambda: self._engine.invocations.detach(executor))
        return _json({"executor": executor, "lines": lines})

    def _next(self, executor: str) -> Response:
        try:
            found = self._engine.invocations.next(executor, seconds=POLL_SECONDS)
        except SupersededError:
            return Response(status=410)
        match found:
            case Invocation():
                return _json({"id": found.id, "function": found.function, "event": found.event})
            case str():
                return _json({"line": found})
        return Response(status=204)


def _json(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401 - any JSON value
    return Response(json.dumps(value), status=status, headers=headers, mimetype="application/json")


def _fault(status: int, kind: str, message: str) -> Response:
    return _json({"Type": "User", "Message": message}, status=status, headers={"X-Amzn-ErrorType": kind})
