"""No status without its line in the OpenAPI document: whatever a test is answered by the app is looked up at once.

    statuses.install()                          # once per process: the app's own answers
    statuses.check(app, "GET", "/people", 429)  # where something in front answers in its place

500 alone is exempt: it is what a bug answers, tests plant some, and nobody promises one. Other apps are not concerned,
nor what is no operation: an unknown path, a method that a path does not have. The reverse, that each documented status
can be had, is tests/unit/test_documented_statuses.py.
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

import pytest
from chalice.app import Chalice

from app import app
from chalicelib.web import openapi


def install() -> None:
    """Check every answer of the app from now on."""
    answer = app._answer

    def checked(event: dict[str, Any], context: Any) -> dict[str, Any]:
        answered = answer(event, context)
        asked = event["requestContext"]
        check(app, asked["httpMethod"], asked["resourcePath"], answered["statusCode"])
        return answered

    app._answer = checked  # type: ignore[method-assign]


def check(of: Chalice, method: str, path: str, status: int) -> None:
    """Fail the test where an operation of the app, by its route's path, does not document a status."""
    if of is app and status not in {*_documented().get((path, method), {status}), HTTPStatus.INTERNAL_SERVER_ERROR}:
        pytest.fail(f"{method} {path} answered {status}, which its OpenAPI operation does not document")


@cache
def _documented() -> Mapping[tuple[str, str], frozenset[int]]:
    """Return the statuses of each operation, by path and method."""
    paths = openapi.describe(app)["paths"]
    return {
        (path, method.upper()): frozenset(map(int, operation["responses"]))
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
