"""What schemathesis must know of this API that its OpenAPI document can't say."""

import os
from typing import Any

import schemathesis
from hypothesis import strategies as st

from chalicelib.web import pages

schemathesis.openapi.format("cursor", st.text("0123456789-:TZ#abc", min_size=1, max_size=60).map(pages.encode))
schemathesis.openapi.format("entity-tag", st.integers(1, 10**6).map('"{}"'.format) | st.just("*"))


OWN = os.environ["SCHEMATHESIS_OWN"].split()
"""The ids of the token that it calls with, and of the token's principal."""


_LEAST, _MOST = 1e-125, 1e37
"""Numbers that DynamoDB holds, with room to spare (38 digits, 1E-130 to 9.9E+125)."""


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Do not let it saw off the branch it sits on: it finds its own token in a list, and revokes it."""
    for name, value in (case.path_parameters or {}).items():
        if value in OWN and case.method in {"PUT", "DELETE"}:
            case.path_parameters[name] = "nobody"


@schemathesis.hook("map_body")
def write_numbers_as_they_must_be(_: Any, body: Any) -> Any:
    """Write 1.0 as 1, which to this API is another (as to draft 4), and nothing that DynamoDB can't hold."""
    return _storable(body)


def _storable(value: Any) -> Any:
    match value:
        case float() if 0 < abs(value) < _LEAST or abs(value) > _MOST:
            return 0.5
        case int() if abs(value) > _MOST:
            return 1
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_storable(element) for element in value]
        case dict():
            return {name: _storable(member) for name, member in value.items()}
    return value
