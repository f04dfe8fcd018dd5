"""Clients of AWS whose calls are recorded, and fail as they are told."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, cast

from botocore.exceptions import ClientError, ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from chalicelib.repositories.attempts import ATTEMPTS
from tests.poller import Killed

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


class Call(NamedTuple):
    """A call of AWS."""

    service: str
    operation: str


class Injected(NamedTuple):
    """What happens to the call of a number, and to as many after it as `times` says."""

    place: int
    kind: str
    times: int = 1


KILLED_BEFORE, KILLED_AFTER = "killed before", "killed after"
PARTIAL, CONFLICT = "partial", "conflict"
_LASTING = (THROTTLED, FAILED, RESET, LOST_BEFORE, LOST_AFTER)
_BATCHES = {"send_message_batch", "delete_message_batch", "change_message_visibility_batch", "batch_get_item"}
_CODES = {
    "dynamodb": {THROTTLED: "ThrottlingException", FAILED: "InternalServerError"},
    "sqs": {THROTTLED: "RequestThrottled", FAILED: "InternalError"},
    "s3": {THROTTLED: "SlowDown", FAILED: "InternalError"},
}


def enumerated(calls: list[Call]) -> list[Injected]:
    """Return every fault of every call: once each, and where a retry can meet it again, for all of its attempts."""
    found = []
    for place, (_, operation) in enumerate(calls):
        extra = [PARTIAL] if operation in _BATCHES else [CONFLICT] if operation == "transact_write_items" else []
        found += [Injected(place, kind) for kind in (*_LASTING, KILLED_BEFORE, KILLED_AFTER, *extra)]
        found += [Injected(place, kind, ATTEMPTS) for kind in (*_LASTING, *extra)]
    return found


class Taps:
    """Stand before clients, and count their calls in one row. `met` are those that a fault happened to.

    A process that was killed is `dead` until somebody sees it: no call of its last words gets through.
    """

    def __init__(self, injected: Injected | None = None) -> None:
        self.dead = False
        self.calls: list[Call] = []
        self.met: list[Call] = []
        self.open = True
        self._injected = injected

    def on(self, client: Any) -> Any:
        """Return a client with its tap; what it does without a call of AWS, such as signing, is none."""
        return _Tapped(client, self)

    def enter(self, call: Call) -> str | None:
        """Note a call; return what is to happen to it, None for nothing."""
        if self.dead:
            raise Killed
        if not self.open:
            return None
        place = len(self.calls)
        self.calls.append(call)
        injected = self._injected
        if injected is None or not injected.place <= place < injected.place + injected.times:
            return None
        self.met.append(call)
        self.dead = injected.kind in {KILLED_BEFORE, KILLED_AFTER}
        return injected.kind


class _Tapped:
    def __init__(self, client: Any, taps: Taps) -> None:
        self._client = client
        self._taps = taps
        self._operations: Mapping[str, str] = client.meta.method_to_api_mapping
        self._service: str = client.meta.service_model.service_name

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)
        if name not in self._operations:
            return method

        def call(**parameters: Any) -> Any:
            kind = self._taps.enter(Call(self._service, name))
            match kind:
                case None:
                    return method(**parameters)
                case "killed before":
                    raise Killed
                case "killed after":
                    with suppress(ClientError):  # nobody gets to know of a refusal either
                        method(**parameters)
                    raise Killed
                case "lost after":
                    with suppress(ClientError):
                        method(**parameters)
                    raise ReadTimeoutError(endpoint_url="http://aws")
                case "partial":
                    return _half(method, name, parameters)
            raise _failure(kind, self._service, name)

        return call


def _failure(kind: str, service: str, operation: str) -> Exception:
    match kind:
        case "lost before":
            return ConnectTimeoutError(endpoint_url="http://aws")
        case "reset":
            return ConnectionClosedError(endpoint_url="http://aws")
        case "conflict":
            reasons = [{"Code": "None"}, {"Code": "TransactionConflict", "Message": "conflict"}]
            answer = {"Error": {"Code": "TransactionCanceledException", "Message": ""}, "CancellationReasons": reasons}
            return ClientError(cast("Any", answer), operation)
    status = 500 if kind == FAILED else 400
    answer = {"Error": {"Code": _CODES[service][kind], "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(cast("Any", answer), operation)


def _half(method: Callable[..., Any], operation: str, parameters: Mapping[str, Any]) -> Any:
    """Do the latter half of a batch, and leave the rest: all of it, where it is one."""
    if operation == "batch_get_item":
        [(table, wanted)] = parameters["RequestItems"].items()
        left, rest = _halves(wanted["Keys"])
        answer = method(RequestItems={table: {**wanted, "Keys": rest}}) if rest else {"Responses": {}}
        return {**answer, "UnprocessedKeys": {table: {**wanted, "Keys": left}}}
    left, rest = _halves(parameters["Entries"])
    answer = method(**{**parameters, "Entries": rest}) if rest else {"Successful": []}
    failed = [{"Id": entry["Id"], "SenderFault": False, "Code": "InternalError"} for entry in left]
    return {**answer, "Failed": failed}


def _halves(entries: list[Any]) -> tuple[list[Any], list[Any]]:
    middle = (len(entries) + 1) // 2
    return entries[:middle], entries[middle:]
