"""A request as it came in, a response as it goes out, and the gateway's refusal to do more."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grail.stack.gateway_responses import RESPONSES

MAX_BODY = 10 * 1024 * 1024
"""API Gateway quota "Payload size": 10 MB."""


class Request(NamedTuple):
    """A request as it came in."""

    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    source_ip: str

    def header(self, name: str) -> str | None:
        """Return a header's value, the last where it is repeated."""
        return next((value for found, value in reversed(self.headers) if found.lower() == name.lower()), None)


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
