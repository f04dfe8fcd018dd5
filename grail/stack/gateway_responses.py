"""What the gateway itself answers, as problem+json: the same words locally and on AWS.

Names are API Gateway's response types. The handler answers the same faults with the same `type`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class GatewayResponse(NamedTuple):
    """One of the gateway's own answers."""

    status: int
    slug: str
    title: str
    detail: str
    headers: Mapping[str, str] = MappingProxyType({})

    def problem(self) -> dict[str, str | int]:
        """Return the RFC 9457 members."""
        return {
            "type": f"urn:problem-type:{self.slug}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }


RESPONSES = {
    "UNAUTHORIZED": GatewayResponse(
        401,
        "unauthenticated",
        "No valid credential",
        "Send a valid token: Authorization: Bearer <token>.",
        {"WWW-Authenticate": "Bearer"},
    ),
    "ACCESS_DENIED": GatewayResponse(403, "forbidden", "Not allowed", "Your permissions do not reach this path."),
    "INVALID_API_KEY": GatewayResponse(403, "forbidden", "Not allowed", "Send a valid API key: x-api-key: <key>."),
    "MISSING_AUTHENTICATION_TOKEN": GatewayResponse(404, "not-found", "Not found", "There is nothing at this path."),
    "METHOD_NOT_ALLOWED": GatewayResponse(
        405, "method-not-allowed", "Method not allowed", "This path does not have this method; see Allow."
    ),
    "BAD_REQUEST": GatewayResponse(400, "invalid-request", "The request is not valid", "It is not well-formed HTTP."),
    "REQUEST_TOO_LARGE": GatewayResponse(413, "too-large", "Too large", "A request may have 10 MB."),
    "THROTTLED": GatewayResponse(
        429, "too-many-requests", "Too many requests", "This API key is used too fast.", {"Retry-After": "1"}
    ),
    "QUOTA_EXCEEDED": GatewayResponse(
        429, "too-many-requests", "Too many requests", "This API key's quota is used up.", {"Retry-After": "3600"}
    ),
    "AUTHORIZER_FAILURE": GatewayResponse(
        503, "unavailable", "Try again later", "Who is calling can't be told now.", {"Retry-After": "1"}
    ),
    "DEFAULT_5XX": GatewayResponse(502, "internal", "Internal error", "The function failed."),
}
"""`METHOD_NOT_ALLOWED` is not a response type of API Gateway's: there, a mock on each path's ANY method answers it."""
