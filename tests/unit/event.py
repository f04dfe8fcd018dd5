"""API Gateway's proxy event, payload 1.0, as a test needs it."""

import json
from typing import Any

NEVER = "4102444800"
"""When a credential in a test expires, as API Gateway hands it over: Unix seconds, as text."""


class LambdaContext:
    """Lambda's context: an id and a clock that stands still."""

    aws_request_id = "lambda-request"

    def __init__(self, milliseconds_left: float = 10_000) -> None:
        self._left = milliseconds_left

    def get_remaining_time_in_millis(self) -> float:
        """Return the time left."""
        return self._left


def event(
    method: str,
    resource: str,
    *,
    path: dict[str, str] | None = None,
    query: dict[str, list[str]] | None = None,
    headers: dict[str, str] | None = None,
    body: object = None,
    permissions: str | None = "*:*",
    principal: str = "alice",
) -> dict[str, Any]:
    """Return the event of a request; `permissions` None is a request that no authorizer saw."""
    real_path = resource
    for name, value in (path or {}).items():
        real_path = real_path.replace(f"{{{name}}}", value)
    context: dict[str, Any] = {
        "resourcePath": resource,
        "httpMethod": method,
        "path": f"/stage{real_path}",
        "requestId": "gateway-request",
    }
    if permissions is not None:
        context["authorizer"] = {"principalId": principal, "grants": permissions, "expires": NEVER}
    return {
        "resource": resource,
        "path": real_path,
        "httpMethod": method,
        "headers": headers or {"Content-Type": "application/json"},
        "multiValueQueryStringParameters": query,
        "pathParameters": path,
        "stageVariables": None,
        "requestContext": context,
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }
