"""API Gateway's part, before any function: the way of a request through routes, authorizers, keys and its own answers.

It knows what an API declares and how to call a function by its name, and nothing of sockets or of Chalice; so the same
engine can stand before the app in this process or before deployed functions.
"""

import base64
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import SplitResult, urlsplit

from grail.localcloud import events
from grail.localcloud.authorizers import Authorizers, Invoke
from grail.localcloud.calls import Call, Stage
from grail.localcloud.cognito import UserPools
from grail.localcloud.exchange import RefusedError, Request, Response
from grail.localcloud.routes import Match, Resource, Route, Router
from grail.localcloud.usage import Usage, UsagePlan

API_HANDLER = "api_handler"
"""The name of the function behind every route, as Chalice calls it."""

_LOG = logging.getLogger(__name__)


class Gateway:
    """The gateway of one stage of an API."""

    def __init__(
        self,
        resources: Iterable[Resource],
        *,
        stage: Stage,
        invoke: Invoke,
        plan: UsagePlan | None = None,
        keys: Callable[[], Mapping[str, str]] = dict,
        user_pools: UserPools | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take an API and its surroundings: `keys` returns the API keys (value to name), without `plan` unlimited."""
        found = list(resources)
        self._router = Router(found)
        self._elsewhere = next((resource for resource in found if resource.cors), None)
        self._stage = stage
        self._invoke = invoke
        self._authorizers = Authorizers(invoke=invoke, user_pools=user_pools, now=now)
        self._usage = Usage(plan or UsagePlan(), keys=keys, now=now)
        self._now = now

    def handle(self, request: Request) -> Response:
        """Answer a request."""
        request_id = str(uuid.uuid4())
        found = None
        try:
            url = _split(request.target)
            found = self._router.match(url.path)
            if found is None:
                raise RefusedError("MISSING_AUTHENTICATION_TOKEN")
            return self._answer(request, found, request_id, url)
        except RefusedError as refused:
            # A gateway response is the whole API's: an unknown path has the CORS that the known ones have.
            known = found.resource if found else self._elsewhere
            answer = refused.response(request_id, known.cors_headers(request.header("Origin")) if known else {})
            resource = found.resource.path if found else "an unknown path"
            _LOG.info("gateway: %s %s is %d, request %s", request.method, resource, answer.status, request_id)
            return answer

    def _answer(self, request: Request, found: Match, request_id: str, url: SplitResult) -> Response:
        resource = found.resource
        route = resource.routes.get(request.method)
        if route is None:
            if request.method == "OPTIONS" and resource.cors:
                headers = resource.cors.preflight(request.header("Origin"), resource.routes)
                return Response(200, [*headers.items(), ("X-Request-Id", request_id)], b"")
            raise RefusedError("METHOD_NOT_ALLOWED", {"Allow": ", ".join(sorted(resource.routes))})
        call = Call(
            stage=self._stage,
            request=request,
            resource=resource.path,
            parameters=found.parameters,
            path=url.path,
            query=url.query,
            id=request_id,
            at=self._now(),
        )
        return self._call(route, call)

    def _call(self, route: Route, call: Call) -> Response:
        """Let a route's gates decide, in API Gateway's order, then call the function."""
        authorizer = self._authorizers.admit(route, call)
        key = self._usage.admit(call.request.header("x-api-key")) if route.needs_key else None
        event = events.proxy(call, authorizer=authorizer, key=key)
        try:
            answer = self._invoke(API_HANDLER, event)
            text = (answer.get("body") or "").encode()
            body = base64.b64decode(text) if answer.get("isBase64Encoded") else text
            headers = [*(answer.get("headers") or {}).items()]
            repeated = (answer.get("multiValueHeaders") or {}).items()
            headers += [(name, value) for name, values in repeated for value in values]
            return Response(int(answer["statusCode"]), headers, body)
        except Exception as error:  # whatever a function raises, or answers that is no answer
            _LOG.exception("the function failed")
            raise RefusedError("DEFAULT_5XX") from error


def _split(target: str) -> SplitResult:
    try:
        return urlsplit(target)
    except ValueError as error:
        raise RefusedError("BAD_REQUEST") from error
