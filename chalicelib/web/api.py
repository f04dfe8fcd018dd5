"""Chalice, with one difference: a route is an endpoint, or it does not import.

An `Api` calls the endpoint straight from Lambda's event. Chalice's own dispatch builds a request object, checks binary
types and content types and turns errors into its own format; all of that is the endpoint's job here, so it would be
done twice (docs/decisions/0002-direct-dispatch.md). Where middleware is registered, Chalice's own dispatch runs.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from chalice.app import Chalice, ChaliceAuthorizer, CORSConfig, Request, Response

from chalicelib import deadline
from chalicelib.errors import UnauthenticatedError
from chalicelib.events.handlers import observed
from chalicelib.models.admission import GrantsOf
from chalicelib.models.permissions import Grants
from chalicelib.telemetry import Telemetry
from chalicelib.web import cors
from chalicelib.web.context import Context
from chalicelib.web.endpoint import Endpoint
from chalicelib.web.problems import METHOD_NOT_ALLOWED, NOT_FOUND, ProblemError, problem_of, reply

_BATCHES = {"on_sqs_message", "on_dynamodb_record"}
_EVENTS = {"on_cw_event", "schedule"}


class Operation(NamedTuple):
    """An endpoint at its path and method, its CORS configuration, and whether API Gateway wants an API key."""

    endpoint: Endpoint
    cors: CORSConfig | None
    needs_key: bool


class TimedAuthorizer(ChaliceAuthorizer):
    """An authorizer whose retries end before its invocation does."""

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        """Decide on one event of API Gateway."""
        began = deadline.begin(context.get_remaining_time_in_millis)
        try:
            return super().__call__(event, context)
        finally:
            deadline.end(began)


class Api(Chalice):
    """A Chalice app whose routes are endpoints.

    Without `telemetry` it is silent. `grants_of` is asked where the authorizer did not say what a caller may do.
    """

    def __init__(self, app_name: str, *, telemetry: Telemetry | None = None, grants_of: GrantsOf | None = None) -> None:
        super().__init__(app_name, configure_logs=False)  # `app.log` gets Powertools' handler
        self.api.binary_types = []  # JSON and text only
        self.telemetry = telemetry
        self._grants_of = grants_of or _unknown
        self.operations: dict[tuple[str, str], Operation] = {}

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        """Answer one event of API Gateway."""
        if "requestContext" not in event or (self.middleware_handlers and self._has_middleware()):
            answer: dict[str, Any] = super().__call__(event, context)
            return answer
        return self._answer(event, context)

    def _answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's context
        started = time.perf_counter()
        ctx = Context(event, context.aws_request_id, grants_of=self._grants_of)
        began = deadline.begin(context.get_remaining_time_in_millis)
        operation = self.operations.get((ctx.resource, ctx.method))
        failure: Exception | None = None
        try:
            if operation is None:
                raise self._no_operation(ctx)
            answer = operation.endpoint.answer(ctx)
        except Exception as error:  # noqa: BLE001 - the one place where anything becomes an answer
            failure = error
            answer = reply(problem_of(error))
        finally:
            deadline.end(began)
        headers = answer.headers
        headers["X-Request-Id"] = ctx.request_id
        if operation is not None and operation.cors is not None:
            headers.update(cors.headers(operation.cors, ctx))
        if self.telemetry is not None:
            self.telemetry.request(
                request_id=ctx.request_id,
                method=ctx.method,
                route=ctx.resource,
                caller=ctx.principal,
                status=answer.status,
                seconds=time.perf_counter() - started,
                error=failure,
            )
        return {"statusCode": int(answer.status), "headers": headers, "multiValueHeaders": {}, "body": answer.body}

    def _no_operation(self, ctx: Context) -> ProblemError:
        """Return the problem that a gateway in front never lets through."""
        methods = [method for path, method in self.operations if path == ctx.resource]
        if not methods:
            return ProblemError(NOT_FOUND, "There is nothing at this path.")
        detail = f"This path has no {ctx.method}."
        return ProblemError(METHOD_NOT_ALLOWED, detail, headers={"Allow": ", ".join(sorted(methods))})

    def _has_middleware(self) -> bool:
        return any(kind in {"http", "all"} for _, kind in self.middleware_handlers)

    def _register_route(
        self,
        name: str,
        user_handler: Callable[..., Any],
        kwargs: Mapping[str, Any],
        **others: Any,  # noqa: ANN401
    ) -> None:
        """Take a route, if it is an endpoint whose parameters are those of the path. Raises TypeError if not."""
        path = kwargs["path"]
        if not isinstance(user_handler, Endpoint):
            message = (
                f'{name}: {path} names no permission. Put @endpoint("resource:action"), or @endpoint(public), '
                "under @app.route."
            )
            raise TypeError(message)
        in_path = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        if in_path != set(user_handler.path_types):
            message = f"{name}: {path} has the parameters {sorted(in_path)}, it takes {sorted(user_handler.path_types)}"
            raise TypeError(message)
        kwargs["kwargs"].setdefault("content_types", [])  # the endpoint decides, with problem+json
        user_handler.dispatch = self._from_chalice
        super()._register_route(name=name, user_handler=user_handler, kwargs=kwargs, **others)
        for method, route in self.routes[path].items():
            if route.view_function is user_handler:
                self.operations[path, method] = Operation(user_handler, route.cors, bool(route.api_key_required))

    def _wrap_handler(self, handler_type: str, handler_name: str, user_handler: Callable[..., Any]) -> Any:  # noqa: ANN401
        """Give an authorizer its deadline, and an event handler its deadline and its line in the log."""
        if handler_type == "authorizer":
            return TimedAuthorizer(handler_name, user_handler)
        if handler_type in _BATCHES | _EVENTS:
            is_batch = handler_type in _BATCHES
            user_handler = observed(user_handler, function=handler_name, is_batch=is_batch, telemetry=self.telemetry)
        return super()._wrap_handler(handler_type, handler_name, user_handler)

    def _from_chalice(self) -> Response:
        """Answer the request that Chalice's own dispatch is at, behind the registered middleware."""
        request = cast("Request", self.current_request)
        answer = self._answer(request.to_original_event(), request.lambda_context)
        return Response(answer["body"], answer["headers"], answer["statusCode"])


def _unknown(principal: str, token_id: str | None, *, fresh: bool = False) -> Grants:  # noqa: ARG001 - a GrantsOf
    """Read the grants of a caller of an app that has no permission store."""
    raise UnauthenticatedError
