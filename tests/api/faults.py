"""A DynamoDB client whose calls are recorded, and fail as they are told."""

from collections.abc import Callable
from typing import Any, cast

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.parsers import ResponseParserError

THROTTLED, FAILED, RESET, LOST_BEFORE, LOST_AFTER = "throttled", "500", "reset", "lost before", "lost after"
PROXY, GARBLED = "proxy", "garbled"
KINDS = (THROTTLED, FAILED, RESET, LOST_BEFORE, LOST_AFTER, PROXY, GARBLED)
"""Throttled; an internal error; the connection closed; no answer, without or with the effect; an error of something
before DynamoDB; an answer that can't be read."""


class Faults:
    """Stands before a client. `plan` holds the faults of the next calls, None for none."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[str] = []
        self.slept: list[float] = []
        self.plan: list[str | None] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the client's method, with the fault that is planned for it."""
        method = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            self.calls.append(name)
            fault = self.plan.pop(0) if self.plan else None
            if fault not in {None, LOST_AFTER}:
                raise _error(str(fault), name)
            answer = method(**parameters)
            if fault == LOST_AFTER:
                raise _error(fault, name)
            return answer

        return call


def _error(fault: str, operation: str) -> Exception:
    match fault:
        case "throttled":
            return ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, operation)
        case "500":
            return ClientError({"Error": {"Code": "InternalServerError", "Message": "oops"}}, operation)
        case "proxy":
            answer = {"Error": {"Code": "503", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 503}}
            return ClientError(cast("Any", answer), operation)
        case "garbled":
            return ResponseParserError("not JSON")
        case "reset":
            return ConnectionClosedError(endpoint_url="http://dynamodb")
    return ReadTimeoutError(endpoint_url="http://dynamodb")
