"""Before anything is timed: all contestants answer alike, refuse alike and report alike."""

import json
from copy import deepcopy
from http import HTTPStatus
from typing import Any, TextIO

from benchmarks.contestants import BASELINE, CONTESTANTS
from benchmarks.operations import FORBIDDEN, INVOCATION, OPERATIONS, REFUSALS, UNCHANGED, Answer, Event, Operation

_ALIKE = ("etag", "access-control-allow-origin", "access-control-expose-headers", "x-request-id")
_THEIR_OWN = {"timestamp", "service", "duration_ms", "Duration", "_aws"}


class DisagreementError(Exception):
    """The contestants do not do the same work, so their times say nothing."""


def check(output: TextIO) -> None:
    """Compare the contestants. Raises DisagreementError.

    `output` is where `sys.stdout` goes: a file that can be read.
    """
    for operation in OPERATIONS:
        _check_answers(operation)
    for name in CONTESTANTS:
        for refusal in REFUSALS:
            if refusal.by_bare or name != BASELINE:
                status = _answer(name, refusal.event)["statusCode"]
                refused = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
                _demand(refused, f"{name} answers {refusal.name} with {status}")
        if name != BASELINE:
            _demand(_answer(name, UNCHANGED)["statusCode"] == HTTPStatus.NOT_MODIFIED, f"{name} does not say 304")
            _demand(_answer(name, FORBIDDEN)["statusCode"] == HTTPStatus.FORBIDDEN, f"{name} lets everyone in")
    _check_telemetry(output)


def _check_answers(operation: Operation) -> None:
    expected_body = json.loads(_answer(BASELINE, operation.event)["body"])
    expected_headers: dict[str, str] | None = None
    for name in CONTESTANTS:
        sent = deepcopy(operation.event)
        answer = _answer(name, sent)
        what = f"{name}, asked to {operation.name},"
        _demand(sent == operation.event, f"{what} changes the event")
        _demand(answer["statusCode"] == operation.status, f"{what} answers {answer['statusCode']}")
        _demand(json.loads(answer["body"]) == expected_body, f"{what} answers with another body")
        if name == BASELINE:
            continue
        headers = _headers(answer)
        missing = [header for header in operation.headers if header not in headers]
        _demand(not missing, f"{what} sends no {', '.join(missing)}")
        alike = {header: headers[header] for header in _ALIKE if header in headers}
        _demand(expected_headers in (None, alike), f"{what} sends other headers")
        expected_headers = alike


def _check_telemetry(output: TextIO) -> None:
    """Compare what the contestants report of one request, the first apart: that one is a cold start."""
    expected: list[dict[str, Any]] = []
    for name in CONTESTANTS:
        for operation in OPERATIONS:
            _answer(name, operation.event, telemetry=True)
        _empty(output)
        _answer(name, OPERATIONS[0].event, telemetry=True)
        output.seek(0)
        lines = [json.loads(line) for line in output]
        found = [{key: None if key in _THEIR_OWN else value for key, value in line.items()} for line in lines]
        _demand(not expected or found == expected, f"{name} reports otherwise: {found}")
        expected = found
    _empty(output)


def _empty(output: TextIO) -> None:
    output.seek(0)
    output.truncate()


def _answer(name: str, event: Event, *, telemetry: bool = False) -> Answer:
    return CONTESTANTS[name](telemetry=telemetry)(event, INVOCATION)


def _headers(answer: Answer) -> dict[str, str]:
    """Return the headers, wherever they stand, by name in lower case; lists written alike."""
    single = {name: [value] for name, value in answer.get("headers", {}).items()}
    found = {**single, **answer.get("multiValueHeaders", {})}
    return {name.lower(): ",".join(values).replace(", ", ",") for name, values in found.items()}


def _demand(met: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion's shape
    if not met:
        raise DisagreementError(otherwise)
