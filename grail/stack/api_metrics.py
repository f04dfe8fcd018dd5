"""How CloudWatch calls what an API does, and tells the API from others."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from grail.stack.parts import Parts

HTTP_API = "HttpAPI"
"""The logical id of an HTTP API."""
HTTP_STAGE = "$default"
"""Its stage, which stands in no URL."""


class ApiMetrics(NamedTuple):
    """The names of the metrics that count faults and refusals, and the dimensions of all of an API's."""

    faults: str
    refusals: str
    dimensions: Mapping[str, Any]


def of(parts: Parts) -> ApiMetrics:
    """Return those of a stage's API; an HTTP API is told by its id, which nobody knows before it is there."""
    if parts.is_http:
        return ApiMetrics("5xx", "4xx", {"ApiId": {"Ref": HTTP_API}, "Stage": HTTP_STAGE})
    return ApiMetrics("5XXError", "4XXError", {"ApiName": parts.name, "Stage": parts.api_stage})
