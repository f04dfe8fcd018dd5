"""Runs an app's functions in its own process, as the embedded AWS asks for them."""

import http.client
import json
import os
import sys
import threading
import traceback
from typing import Any
from urllib.parse import urlsplit

from grail.errors import GrailError
from grail.localcloud.authorizers import Invoke
from grail.localcloud.wiring import Wiring

_THREADS = 4
_SECONDS = 60.0
"""More than a request for work stays open."""

_GONE = (OSError, http.client.HTTPException)


class Executor:
    """The present process, to the embedded AWS at a URL. `invoke` calls a function by its name in Lambda."""

    def __init__(self, url: str, invoke: Invoke) -> None:
        self._address = urlsplit(url).netloc
        self._invoke = invoke

    def start(self, wiring: Wiring) -> list[str]:
        """Register, and fetch invocations in threads from then on; return a line for each source that won't work.

        Raises GrailError where the embedded AWS does not take it.
        """
        registration = {"wiring": wiring.as_json(), "process": os.getpid()}
        try:
            answer = _Connection(self._address).send("POST", "/executor", registration)
        except _GONE as error:
            message = f"the embedded AWS does not take the app's event sources ({error}): start `chalice local` again"
            raise GrailError(message) from error
        for number in range(_THREADS):
            name = f"functions-{number}"
            threading.Thread(target=self._run, args=(answer["executor"],), name=name, daemon=True).start()
        lines: list[str] = answer["lines"]
        return lines

    def _run(self, executor: str) -> None:
        """Run one invocation after the other, until the embedded AWS is gone or wants another executor."""
        connection = _Connection(self._address)
        try:
            while True:
                found = connection.send("GET", f"/executor/{executor}/next")
                if found is not None and "line" in found:
                    print(found["line"], file=sys.stderr, flush=True)
                elif found is not None:
                    outcome = self._outcome(found["function"], found["event"])
                    connection.send("POST", f"/executor/invocations/{found['id']}", outcome)
        except _GONE:
            return

    def _outcome(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return what a function answers, or how it fails, as Lambda tells it."""
        try:
            answer = self._invoke(function, event)
            json.dumps(answer)
        except BaseException as error:  # noqa: BLE001 - whatever a function raises
            traceback.print_exception(error)  # plain, and not as the app's logger would have it
            frames = traceback.format_tb(error.__traceback__)
            return {"error": {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": frames}}
        return {"answer": answer}


class _Connection:
    """A connection to the embedded AWS that is kept open."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=_SECONDS)

    def send(self, method: str, path: str, body: Any = None) -> Any:  # noqa: ANN401 - JSON
        """Return what is answered; None for nothing. Raises OSError or HTTPException where it does not answer."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read().decode()
        if answer.status >= http.client.BAD_REQUEST:
            raise http.client.HTTPException(answer.status)
        return json.loads(content) if content else None
