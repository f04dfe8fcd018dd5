"""The OpenAPI document of the app."""

import json
from typing import Any

import pytest
from chalice.app import IAMAuthorizer
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.web import openapi
from chalicelib.web.api import Api
from chalicelib.web.endpoint import authenticated, endpoint

DOCUMENT = openapi.describe(app)
OPERATIONS = [
    (path, method.upper(), found) for path, item in DOCUMENT["paths"].items() for method, found in item.items()
]


def test_the_document_is_openapi_3_1() -> None:
    """The official schema has nothing to say."""
    assert DOCUMENT["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()] == []


def test_it_lists_every_route_and_no_other() -> None:
    """What is declared in app.py is what is documented."""
    routes = {(path, method) for path, methods in app.routes.items() for method in methods}
    assert {(path, method) for path, method, _ in OPERATIONS} == routes


def test_every_reference_leads_somewhere() -> None:
    """No schema is missing."""
    text = json.dumps(DOCUMENT)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in DOCUMENT["components"]["schemas"]


def test_operation_ids_are_unique() -> None:
    """A generated client names its methods by them."""
    ids = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_says_who_may_call_it(path: str, method: str, operation: dict[str, Any]) -> None:
    """A permission and 401 and 403, or none of them."""
    endpoint, _, needs_key = app.operations[path, method]
    assert ("security" in operation) == ("401" in operation["responses"]) == (not endpoint.public)
    assert ("403" in operation["responses"]) == (endpoint.permission is not None or needs_key)
    assert operation["summary"]


def test_an_api_key_may_be_refused_and_used_up() -> None:
    """Also where no permission is needed."""
    api = Api("test")

    @api.route("/time", authorizer=IAMAuthorizer(), api_key_required=True)
    @endpoint(authenticated)
    def get_time() -> None:
        """Do nothing."""

    assert {"403", "429"} < set(openapi.describe(api)["paths"]["/time"]["get"]["responses"])


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_refusal_is_a_problem(path: str, method: str, operation: dict[str, Any]) -> None:
    """Each status from 400 has the problem's schema and no other."""
    for status, answer in operation["responses"].items():
        if status >= "400":
            assert list(answer["content"]) == ["application/problem+json"], (path, method, status)


def test_a_patch_takes_both_media_types() -> None:
    """JSON Merge Patch by its own name, and as plain JSON."""
    content = DOCUMENT["paths"]["/people/{person_id}"]["patch"]["requestBody"]["content"]
    assert set(content) == {"application/merge-patch+json", "application/json"}


def test_what_is_stored_is_not_documented() -> None:
    """Owner, hashes and versions are nobody's business."""
    assert not {"owner", "request_hash", "schema_version"} & set(
        DOCUMENT["components"]["schemas"]["PersonView"]["properties"]
    )


def test_a_read_only_resource_has_no_writes() -> None:
    """What a service does not implement is not listed."""
    assert set(DOCUMENT["paths"]["/api/currencies"]) == {"get"}
