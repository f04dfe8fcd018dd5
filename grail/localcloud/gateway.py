"""API Gateway's part, before any function: routing, authorizers, keys, and its own answers.

It knows an app's routes and how to call a function, and nothing of sockets; so the same engine can stand before the
app in this process or before deployed functions.
"""

import base64
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, urlsplit

from chalice.app import Chalice, ChaliceAuthorizer, RouteEntry

from grail.localcloud import policy
from grail.stack.gateway_responses import RESPONSES

ACCOUNT = "123456789012"
API_ID = "local"
MAX_BODY = 10 * 1024 * 1024
"""API Gateway quota "Payload size": 10 MB."""

_LOG = logging.getLogger(__name__)

Invoke = Callable[[Any, dict[str, Any]], Any]
"""Calls a function (the app or an authorizer) with an event."""


class Request(NamedTuple):
    """A request as it came in."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str


class Response(NamedTuple):
    """A response as it goes out."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


class RefusedError(Exception):
    """The gateway answers by itself: `kind` is one of `grail.stack.gateway_responses`."""

    def __init__(self, kind: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.headers = headers or {}

    def response(self, request_id: str, cors_headers: Mapping[str, str]) -> Response:
        """Return the answer."""
        own = RESPONSES[self.kind]
        headers = {**cors_headers, **own.headers, **self.headers, "X-Request-Id": request_id}
        headers["Content-Type"] = "application/problem+json"
        return Response(own.status, list(headers.items()), json.dumps(own.problem()).encode())


@dataclass(frozen=True)
class _Match:
    resource: str
    parameters: Mapping[str, str]
    methods: Mapping[str, RouteEntry]

    def cors_headers(self) -> Mapping[str, str]:
        """Return what CORS adds to every answer of this path; Chalice holds all its methods to one configuration."""
        cors = next((route.cors for route in self.methods.values() if route.cors is not None), None)
        found: Mapping[str, str] = cors.get_access_control_headers() if cors else {}
        return found


class Gateway:
    """The gateway of one stage, before one app."""

    def __init__(self, app: Chalice, *, stage: str, region: str, invoke: Invoke) -> None:
        self._routes: Mapping[str, Mapping[str, RouteEntry]] = app.routes
        # A fixed part goes before a parameter, as in API Gateway.
        self._resources = sorted(self._routes, key=lambda path: [part.startswith("{") for part in path.split("/")])
        self._app = app
        self._stage = stage
        self._region = region
        self._invoke = invoke

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        request_id = str(uuid.uuid4())
        found = None
        try:
            url = _split(request.target)
            found = self._match(url.path)
            if found is None:
                raise RefusedError("MISSING_AUTHENTICATION_TOKEN")
            return self._answer(request, found, request_id, path=url.path, query=url.query)
        except RefusedError as refused:
            answer = refused.response(request_id, found.cors_headers() if found else {})
            resource = found.resource if found else "an unknown path"
            _LOG.info("gateway: %s %s is %d, request %s", request.method, resource, answer.status, request_id)
            return answer

    def _answer(self, request: Request, found: _Match, request_id: str, *, path: str, query: str) -> Response:
        route = found.methods.get(request.method)
        if route is None:
            if request.method == "OPTIONS" and found.cors_headers():
                return self._preflight(found, request_id)
            raise RefusedError("METHOD_NOT_ALLOWED", {"Allow": ", ".join(sorted(found.methods))})
        event = self._event(request, found, request_id, path=path, query=query)
        self._authorize(route, event)
        try:
            answer = self._invoke(self._app, event)
            body = (answer.get("body") or "").encode()
            headers = [*answer.get("headers", {}).items()]
            headers += [
                (name, value) for name, values in answer.get("multiValueHeaders", {}).items() for value in values
            ]
            return Response(int(answer["statusCode"]), headers, body)
        except Exception as error:  # whatever a function raises, or answers that is no answer
            _LOG.exception("the function failed")
            raise RefusedError("DEFAULT_5XX") from error

    def _match(self, path: str) -> _Match | None:
        """Find the resource of a path; a trailing slash does not count, an encoded one is no separator."""
        parts = (path.rstrip("/") or "/").split("/")
        for resource in self._resources:
            names = resource.split("/")
            if len(names) == len(parts) and all(
                (name.startswith("{") and part) or name == part for name, part in zip(names, parts, strict=True)
            ):
                pairs = zip(names, parts, strict=True)
                return _Match(
                    resource,
                    {name[1:-1]: part for name, part in pairs if name.startswith("{")},
                    self._routes[resource],
                )
        return None

    def _preflight(self, found: _Match, request_id: str) -> Response:
        headers = {
            **found.cors_headers(),
            "Access-Control-Allow-Methods": ",".join([*sorted(found.methods), "OPTIONS"]),
            "X-Request-Id": request_id,
        }
        return Response(200, list(headers.items()), b"")

    def _event(self, request: Request, found: _Match, request_id: str, *, path: str, query: str) -> dict[str, Any]:
        """Return the proxy event, payload 1.0 (API Gateway Developer Guide, "Input format")."""
        headers = dict(request.headers)
        multi_headers: dict[str, list[str]] = {}
        for name, value in request.headers:
            multi_headers.setdefault(name, []).append(value)
        multi_query: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True, errors="replace"):
            multi_query.setdefault(name, []).append(value)
        try:
            body, is_base64 = request.body.decode() or None, False
        except UnicodeDecodeError:
            body, is_base64 = base64.b64encode(request.body).decode(), True
        now = time.time()
        return {
            "resource": found.resource,
            "path": path,
            "httpMethod": request.method,
            "headers": headers,
            "multiValueHeaders": multi_headers,
            "queryStringParameters": {name: values[-1] for name, values in multi_query.items()} or None,
            "multiValueQueryStringParameters": multi_query or None,
            "pathParameters": dict(found.parameters) or None,
            "stageVariables": None,
            "requestContext": {
                "accountId": ACCOUNT,
                "apiId": API_ID,
                "domainName": headers.get("Host", "localhost"),
                "httpMethod": request.method,
                "identity": {"sourceIp": request.source_ip, "userAgent": headers.get("User-Agent")},
                "path": path,
                "protocol": "HTTP/1.1",
                "requestId": request_id,
                "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
                "requestTimeEpoch": int(now * 1000),
                "resourcePath": found.resource,
                "stage": self._stage,
            },
            "body": body,
            "isBase64Encoded": is_base64,
        }

    def _authorize(self, route: RouteEntry, event: dict[str, Any]) -> None:
        """Let the route's gates decide; what can't be checked here stays shut."""
        if route.api_key_required:
            raise RefusedError("INVALID_API_KEY")
        if route.authorizer is None:
            return
        if not isinstance(route.authorizer, ChaliceAuthorizer):
            raise RefusedError("ACCESS_DENIED")
        header = route.authorizer.config.header.lower()
        token = next((value for name, value in event["headers"].items() if name.lower() == header), "")
        if not token:
            raise RefusedError("UNAUTHORIZED", _CHALLENGE)
        context = event["requestContext"]
        api = f"arn:aws:execute-api:{self._region}:{ACCOUNT}:{API_ID}/{self._stage}"
        arn = f"{api}/{event['httpMethod']}/{event['path'].lstrip('/')}"
        try:
            answer = self._invoke(route.authorizer, {"type": "TOKEN", "authorizationToken": token, "methodArn": arn})
            allowed = policy.allows(answer["policyDocument"], action="execute-api:Invoke", resource=arn)
            context["authorizer"] = {**_texts(answer.get("context", {})), "principalId": answer["principalId"]}
        except Exception as error:  # an authorizer's only way to a 401 is an exception of any class
            if str(error) == "Unauthorized":  # the one message that API Gateway takes for a 401
                raise RefusedError("UNAUTHORIZED", _CHALLENGE) from error
            _LOG.exception("the authorizer failed")
            raise RefusedError("AUTHORIZER_FAILURE") from error
        if not allowed:
            raise RefusedError("ACCESS_DENIED")


def _split(target: str) -> SplitResult:
    try:
        return urlsplit(target)
    except ValueError as error:
        raise RefusedError("BAD_REQUEST") from error


_CHALLENGE = {"WWW-Authenticate": "Bearer"}


def _texts(context: Mapping[str, Any]) -> dict[str, str]:
    """Return an authorizer's context as the function gets it: API Gateway makes text of numbers and booleans.

    Raises TypeError for anything else, which API Gateway refuses.
    """
    for name, value in context.items():
        if not isinstance(value, str | int | float):
            message = f"the authorizer's context {name!r} is neither text, number nor boolean"
            raise TypeError(message)
    return {name: json.dumps(value) if not isinstance(value, str) else value for name, value in context.items()}
