"""What an HTTP API lacks, and a stage or a route asks for: refused before anything is made, each with its reason."""

from collections.abc import Iterable, Mapping
from typing import Any

from grail.errors import GrailError
from grail.localcloud.routes import LambdaAuthorizer, Resource

_LACKING: Mapping[str, str] = {
    "api_gateway_custom_domain": "Chalice gives its domain to a REST API",
    "api_gateway_endpoint_type": "it is always regional",
    "api_gateway_endpoint_vpce": "it can't be private",
    "api_gateway_policy_file": "it has no resource policy",
    "edge": "it has no API keys, which tell the edge's requests from those past it, and no WAF",
    "usage_plan": "it has no API keys, plans and quotas",
}
SETTINGS = tuple(_LACKING)
"""The settings that there may be a refusal of, Chalice's among them."""
_PUBLIC = ("REGIONAL", "EDGE")
"""Endpoint types that say no more than that anybody may call."""


def refusal(setting: str, value: Any) -> str | None:  # noqa: ANN401 - what stands in a file
    """Say why a stage with an HTTP API can't have a setting; None where it does not ask for anything."""
    return None if value is None or value in _PUBLIC else _LACKING[setting]


def check(api: Iterable[Resource]) -> None:
    """Raise GrailError for a route that an HTTP API would leave open, or can't guard."""
    for resource in api:
        for method, route in resource.routes.items():
            place = f"{method} {resource.path}: api_kind http"
            if route.authorizer is None and route.needs_key:
                message = f"{place} knows no API keys, and nothing else guards this route"
                raise GrailError(message)
            guarded = isinstance(route.authorizer, LambdaAuthorizer) and route.authorizer.payload is not None
            if route.authorizer is not None and not guarded:
                message = (
                    f"{place} takes no authorizer of a REST API; one of payload 2.0 decides alike (AUTHORIZER=http)"
                )
                raise GrailError(message)
    if len({repr(resource.cors) for resource in api if resource.cors}) > 1:
        message = "api_kind http has one CORS configuration for all routes, and those of this app differ"
        raise GrailError(message)
