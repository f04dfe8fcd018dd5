"""An app behind the local gateway, in this process: routes, authorizer, policy, then the handler."""

import base64
import json
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from chalice.app import Chalice

from grail.localcloud import chalice_app
from grail.localcloud.calls import Stage
from grail.localcloud.exchange import Request
from grail.localcloud.gateway import API_HANDLER, Gateway
from grail.localcloud.routes import Router
from grail.localcloud.usage import UsagePlan
from tests import statuses
from tests.unit.event import LambdaContext


class Answer(NamedTuple):
    """A response; `body` is the JSON value, or the text if it is none."""

    status: int
    headers: dict[str, str]
    body: Any


_KEY = "0123456789012345678901234567890123456789"


class Front:
    """Sends requests, each with an API key; `called` names the functions that they started, since it was cleared."""

    def __init__(self, app: Chalice, *, plan: UsagePlan | None = None, now: Callable[[], float] = time.time) -> None:
        self.called: list[str] = []
        self._app = app
        resources = chalice_app.resources(app)
        self._router = Router(resources)
        stage = Stage(name="api", region="eu-central-1")
        self._gateway = Gateway(
            resources, stage=stage, invoke=self._invoke, plan=plan, keys=lambda: {_KEY: "front"}, now=now
        )

    def __call__(self, method: str, path: str, *, token: str | None = None, body: Any = None, **headers: str) -> Answer:
        """Send a request; a body that is not None is JSON, if no header says otherwise."""
        sent = {"x-api-key": _KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self._gateway.handle(Request(method, path, list(sent.items()), raw, "127.0.0.1"))
        found = self._router.match(urlsplit(path).path)
        if found is not None:
            statuses.check(self._app, method, found.resource.path, answer.status)
        text = answer.body.decode()
        return Answer(answer.status, dict(answer.headers), json.loads(text) if text[:1] in {"{", "["} else text)

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        """Call a function as Lambda does, with JSON in and out."""
        self.called.append(name)
        event = self._event(name, event)
        function: Any = self._app if name == API_HANDLER else self._app.handler_map[name]
        return json.loads(json.dumps(function(json.loads(json.dumps(event)), LambdaContext())))

    def _event(self, name: str, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Return the event that a function is called with, of a REST API's."""
        return event


class HttpFront(Front):
    """The same, before whose function an HTTP API stands: its events, after AWS's documentation of payload 1.0.

    Names of headers are in lower case, and a body of any media type but some is Base64 (the types were found by others
    on AWS: ministack, pull request 766). Of an authorizer's answer, its context is documented to be handed on, alone.
    """

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        answer = super()._invoke(name, event)
        if name != API_HANDLER:
            self._handed_on = answer["context"]
        return answer

    def _event(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        if name != API_HANDLER:
            return event  # of payload 2.0 already
        headers = {name.lower(): value for name, value in event["headers"].items()}
        context = event["requestContext"] | {"resourceId": None, "stage": "$default", "path": event["path"]}
        context["authorizer"] = self._handed_on if "authorizer" in context else {"claims": None, "scopes": None}
        changed = {"version": "1.0", "headers": headers, "requestContext": context}
        if event["body"] is not None and not _TEXT.match(headers.get("content-type", "")):
            changed |= {"body": base64.b64encode(event["body"].encode()).decode(), "isBase64Encoded": True}
        return {**event, **changed}


_TEXT = re.compile("text/|application/(json|xml|javascript)(;|$)")
