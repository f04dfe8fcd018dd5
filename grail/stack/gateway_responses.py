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
    "BAD_REQUEST_BODY": GatewayResponse(
        400, "invalid-request", "The request is not valid", "The body does not have the form it must have."
    ),
    "BAD_REQUEST_PARAMETERS": GatewayResponse(
        400, "invalid-request", "The request is not valid", "A parameter that must be there is missing."
    ),
    "UNSUPPORTED_MEDIA_TYPE": GatewayResponse(
        415, "unsupported-media-type", "Unsupported media type", "Send the body as application/json."
    ),
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
    "AUTHORIZER_CONFIGURATION_ERROR": GatewayResponse(
        503, "unavailable", "Try again later", "Who is calling can't be told now.", {"Retry-After": "1"}
    ),
    "EXPIRED_TOKEN": GatewayResponse(
        401,
        "unauthenticated",
        "No valid credential",
        "The credential has expired.",
        {"WWW-Authenticate": "Bearer"},
    ),
    "INVALID_SIGNATURE": GatewayResponse(403, "forbidden", "Not allowed", "The signature is not valid."),
    "WAF_FILTERED": GatewayResponse(403, "forbidden", "Not allowed", "The firewall does not let this through."),
    "RESOURCE_NOT_FOUND": GatewayResponse(404, "not-found", "Not found", "There is nothing at this path."),
    "INTEGRATION_FAILURE": GatewayResponse(
        503, "unavailable", "Try again later", "The function can't be reached now.", {"Retry-After": "1"}
    ),
    "INTEGRATION_TIMEOUT": GatewayResponse(504, "internal", "Internal error", "The function took too long."),
    "API_CONFIGURATION_ERROR": GatewayResponse(500, "internal", "Internal error", "The API is not set up well."),
    "DEFAULT_4XX": GatewayResponse(400, "invalid-request", "The request is not valid", "It can't be answered."),
    "DEFAULT_5XX": GatewayResponse(502, "internal", "Internal error", "The function failed."),
}
"""`METHOD_NOT_ALLOWED` is not a response type of API Gateway's: there, a mock on each path's ANY method answers it."""
