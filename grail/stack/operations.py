"""What an API's OpenAPI document says of an operation, as API Gateway's Swagger 2.0 takes it.

API Gateway checks of a parameter only that one that is required is there and not blank, and of a body its model.
"""

from collections.abc import Mapping
from typing import Any

from grail.stack.schemas import draft4

VALIDATORS = {
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True},
    },
    "x-amazon-apigateway-request-validator": "all",
}
"""At the document's root: for every method."""

_JSON = "application/json"
_PROBLEM = "application/problem+json"
_TYPES = {"string", "number", "integer", "boolean"}
_CHALICES = "200"
"""The status that Chalice lists for every method, and that nothing merged into its template takes away."""


def described(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to merge into Chalice's description of a method."""
    content = operation.get("requestBody", {}).get("content", {})
    found: dict[str, Any] = {
        "produces": [_JSON, _PROBLEM],
        "parameters": [*map(_parameter, operation.get("parameters", ()))],
        "responses": {status: _response(answer) for status, answer in operation.get("responses", {}).items()},
    }
    if content:
        found["consumes"] = list(content)
        body = {"name": "body", "in": "body", "required": operation["requestBody"].get("required", False)}
        found["parameters"].append({**body, "schema": draft4(next(iter(content.values())).get("schema", True))})
    if _CHALICES not in found["responses"]:
        found["responses"][_CHALICES] = {"description": "Never: Chalice lists it for every method."}
    return found


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema", {})
    kind = schema.get("type")
    found = {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": bool(parameter.get("required")) and (parameter["in"] == "path" or not _may_be_blank(schema)),
        "type": kind if isinstance(kind, str) and kind in _TYPES else "string",
    }
    return found | ({"description": parameter["description"]} if parameter.get("description") else {})


def _may_be_blank(schema: Mapping[str, Any]) -> bool:
    """Tell whether a parameter may be there without a value, which API Gateway takes for missing."""
    return schema.get("type") not in _TYPES - {"string"} and schema.get("minLength", 0) < 1


def _response(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a response: its model where it has one, and its headers."""
    found: dict[str, Any] = {"description": answer["description"]}
    schema = next((media["schema"] for media in answer.get("content", {}).values() if "schema" in media), None)
    if schema is not None:
        found["schema"] = draft4(schema)
    if answer.get("headers"):
        found["headers"] = {name: {"type": "string"} for name in answer["headers"]}
    return found
