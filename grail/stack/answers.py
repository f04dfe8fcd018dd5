"""API Gateway's own answers, in its terms: gateway responses, and the mocks behind a path's unknown methods."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from grail.localcloud.cors import Cors
from grail.localcloud.routes import Resource
from grail.stack import origins
from grail.stack.gateway_responses import RESPONSES, GatewayResponse

MEDIA_TYPE = "application/problem+json"
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
"""The model of a problem, where the app's own document has none under that name."""
_PREFLIGHT = 200
_LOCAL = {"METHOD_NOT_ALLOWED", "BAD_REQUEST"}
"""What API Gateway knows no type for: a mock answers the one, and what is not HTTP reaches no API."""
_ANYTHING = (
    "application/json",
    "application/merge-patch+json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "application/xml",
    "multipart/form-data",
    "text/plain",
    "text/xml",
)
"""Media types of a request that a mock answers with its status; any other is 415, where it would else be a 500."""


def gateway_responses(cors: Cors | None) -> dict[str, Any]:
    """Return the gateway responses, each as problem+json.

    They say nothing of the request. `$context.error.validationErrorString` repeats the value that was refused, and so
    can't be shown. The defaults keep whatever status they stand in for, so they do not name one.
    """
    return {name: _response(name, words, cors) for name, words in RESPONSES.items() if name not in _LOCAL}


def _response(name: str, words: GatewayResponse, cors: Cors | None) -> dict[str, Any]:
    headers = {**origins.constant_headers(cors), **words.headers, "Content-Type": MEDIA_TYPE}
    problem = words.problem()
    found: dict[str, Any] = {"responseParameters": origins.parameters("gatewayresponse", headers)}
    if name.startswith("DEFAULT_"):
        del problem["status"]
    else:
        found["statusCode"] = words.status
    return found | {"responseTemplates": {"application/json": json.dumps(problem)}}


def mock(status: int, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an integration that gives an answer to anything."""
    return {
        "type": "mock",
        "passthroughBehavior": "never",
        "requestTemplates": dict.fromkeys(_ANYTHING, json.dumps({"statusCode": status})),
        "responses": {"default": {"statusCode": str(status), **answer}},
    }


def method_not_allowed(resource: Resource) -> dict[str, Any]:
    """Return what answers the methods that a path does not have: 405 with those that it has."""
    words = RESPONSES["METHOD_NOT_ALLOWED"]
    status = str(words.status)
    allow = {"Allow": ", ".join(sorted(resource.routes)), "Content-Type": MEDIA_TYPE}
    headers = origins.headers(resource.cors) | allow
    return {
        "produces": [MEDIA_TYPE],
        "responses": {status: declared(words.title, headers)},
        "x-amazon-apigateway-integration": mock(
            words.status,
            {
                "responseParameters": origins.parameters("method.response", headers),
                "responseTemplates": {
                    "application/json": origins.template(resource.cors) + json.dumps(words.problem())
                },
            },
        ),
    }


def declared(description: str, headers: Iterable[str]) -> dict[str, Any]:
    """Return a problem as a method has to declare it."""
    schema = {"$ref": "#/definitions/Problem"}
    return {"description": description, "headers": declared_headers(headers), "schema": schema}


def declared_headers(headers: Iterable[str]) -> dict[str, Any]:
    """Return the headers that an integration sets, as a method has to declare them."""
    return {name: {"type": "string"} for name in [*headers, "X-Request-Id"]}


def preflight(resource: Resource, cors: Cors) -> dict[str, Any]:
    """Return what to merge into the mock that Chalice declares for OPTIONS: it names the first of several origins."""
    names = [part[1:-1] for part in resource.path.split("/") if part.startswith("{")]
    headers = origins.headers(cors)
    mapped: dict[str, Any] = {"responseParameters": origins.parameters("method.response", headers)}
    if template := origins.template(cors):
        mapped["responseTemplates"] = {"application/json": template}
    return {
        "parameters": [{"name": name, "in": "path", "required": True, "type": "string"} for name in names],
        "responses": {str(_PREFLIGHT): {"headers": declared_headers(headers)}},
        "x-amazon-apigateway-integration": mock(_PREFLIGHT, mapped),
    }
