"""The OpenAPI 3.1 document, read off the app's endpoints."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from chalicelib.models.fields import Id
from chalicelib.models.permissions import OWN
from chalicelib.web import etags, problems
from chalicelib.web.api import Api, Operation
from chalicelib.web.endpoint import JSON, Endpoint
from chalicelib.web.problems import Kind
from chalicelib.web.results import Document

References = Mapping[tuple[Any, JsonSchemaMode], Mapping[str, Any]]
"""The `$ref` of each model, by its role."""

_REF = "#/components/schemas/{model}"

_ETAG = {"description": "The representation's version.", "schema": {"type": "string"}, "example": '"1"'}
# A request header's example stands in its schema: one beside the schema is what Swagger UI sends unless it is deleted.
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": "Do it only if this is still the version, as an ETag told it; else 412.",
    "schema": {"type": "string", "format": "entity-tag", "pattern": r'^(\*|"[1-9][0-9]{0,14}")$', "examples": ['"1"']},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "Answer 304 if this is still the version.",
    "schema": {
        "type": "string",
        "format": "entity-tag",
        "pattern": r'^(\*|(W/)?"[!#-~]{1,100}")$',
        "examples": ['"1"'],
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again with the same body, it answers with what the first request made, and makes no other.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
        "examples": ["0b6c1f5e"],
    },
}
_BEARER = {"type": "http", "scheme": "bearer", "description": "A token. On the API page: without `Bearer` before it."}

_KEY = {"type": "apiKey", "in": "header", "name": "x-api-key", "description": "A key of the stage's usage plan."}


@cache
def document(app: Api) -> Document:
    """Return the document of an app, as JSON; an app that serves declares nothing more."""
    body = json.dumps(describe(app), separators=(",", ":"))
    return Document(body, JSON, etags.of_text(body))


def describe(app: Api) -> dict[str, Any]:
    """Return the document of an app."""
    names, schemas = _schemas(operation.endpoint for operation in app.operations.values())
    paths: dict[str, dict[str, Any]] = {}
    for (path, method), operation in app.operations.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, operation, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": app.app_name, "version": "1", "description": "Errors are RFC 9457 problems."},
        "servers": [{"url": ".", "description": "this API"}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {"bearer": _BEARER, "key": _KEY},
        },
    }


def _schemas(endpoints: Iterable[Endpoint]) -> tuple[References, dict[str, Any]]:
    """Return a reference for each model in each role, and what they refer to."""
    roles: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
    for endpoint in endpoints:
        if endpoint.body:
            roles[endpoint.body, "validation"] = None
        if _is_model(endpoint.view):
            roles[endpoint.view, "serialization"] = None
    references, definitions = models_json_schema(list(roles), ref_template=_REF, schema_generator=_Schema)
    return cast("References", references), definitions.get("$defs", {})


class _Schema(GenerateJsonSchema):
    """Without the titles that only repeat a field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 - pydantic's signature
        return False


def _operation(path: str, method: str, declared: Operation, names: References) -> dict[str, Any]:
    """Return one operation."""
    endpoint = declared.endpoint
    operation: dict[str, Any] = {
        "operationId": endpoint.__name__,
        "summary": (endpoint.__doc__ or "").partition("\n")[0],
        "tags": [_tag(path)],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_headers(method, endpoint)],
        "responses": _responses(method, declared, names),
    }
    if not endpoint.public:
        operation["security"] = [{"bearer": [], **({"key": []} if declared.needs_key else {})}]
        operation["description"] = _needs(endpoint)
    if endpoint.body:
        content = {kind: {"schema": names[endpoint.body, "validation"]} for kind in endpoint.media_types}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _needs(endpoint: Endpoint) -> str:
    if endpoint.permission is None:
        return "Needs a valid token, and no permission."
    own = f", or `{endpoint.permission}{OWN}` for one's own" if endpoint.owned else ""
    return f"Needs the permission `{endpoint.permission}`{own}."


def _tag(path: str) -> str:
    """Return the resource's name: the first fixed part of its path, the second under `/api`."""
    parts = path.strip("/").split("/")
    fixed = [part for part in parts if not part.startswith("{")]
    return fixed[1] if fixed[0] == "api" else fixed[0]


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": TypeAdapter(hint).json_schema()}
        for name, hint in endpoint.path_types.items()
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema(schema_generator=_Schema)
    required = schema.get("required", [])
    found = []
    for name, field in schema["properties"].items():
        plain = {key: value for key, value in field.items() if key != "anyOf"}
        for branch in field.get("anyOf", []):  # a query has no null: leave it out of the type
            plain |= branch if branch != {"type": "null"} else {}
        description = plain.pop("description", "")
        if plain.get("default", "") is None:
            del plain["default"]
        found.append(
            {"name": name, "in": "query", "required": name in required, "description": description, "schema": plain}
        )
    return found


def _headers(method: str, endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.created:
        return [_IDEMPOTENCY_KEY]
    if method == "GET":
        return [_IF_NONE_MATCH] if _has_etag(endpoint) and endpoint.cacheable else []
    return [] if endpoint.status is HTTPStatus.ACCEPTED else [_IF_MATCH]


def _has_etag(endpoint: Endpoint) -> bool:
    return endpoint.has_version or endpoint.returns is Document


def _responses(method: str, declared: Operation, names: References) -> dict[str, Any]:
    """Return what the operation may answer; what its types and its method say, it does."""
    endpoint = declared.endpoint
    success: dict[str, Any] = {"description": endpoint.status.phrase, "headers": {}}
    if _is_model(endpoint.view):
        success["content"] = {JSON: {"schema": names[endpoint.view, "serialization"]}}
    elif endpoint.view is Document:
        success["content"] = {"*/*": {}}
    if _has_etag(endpoint):
        success["headers"]["ETag"] = _ETAG
    if endpoint.created:
        success["headers"]["Location"] = {"schema": {"type": "string", "format": "uri-reference"}}
        success["headers"]["Idempotent-Replayed"] = {"schema": {"type": "string", "enum": ["true"]}}
    answers: dict[str, Any] = {str(int(endpoint.status)): success}
    if method == "GET" and _has_etag(endpoint) and endpoint.cacheable:
        answers["304"] = {"description": HTTPStatus.NOT_MODIFIED.phrase}
    for kind in _problems(method, declared):
        answers[str(int(kind.status))] = {
            "description": kind.title,
            "content": {
                problems.MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}, "example": _example(kind)}
            },
        }
    return dict(sorted(answers.items()))


def _example(kind: Kind) -> dict[str, Any]:
    return {"type": kind.type, "title": kind.title, "status": int(kind.status), "detail": "What exactly it is."}


def _problems(method: str, declared: Operation) -> list[Kind]:
    endpoint = declared.endpoint
    found = [problems.INVALID]
    if declared.needs_key:
        found.append(problems.TOO_MANY)
    if not endpoint.public:
        found += [problems.UNAUTHENTICATED, problems.UNAVAILABLE]
    if endpoint.permission is not None or declared.needs_key:
        found.append(problems.FORBIDDEN)
    # An id is ours to give: what has none is not there. Under a name of the client's own, PUT makes what is not there.
    if endpoint.path_types and (method != "PUT" or Id in endpoint.path_types.values()):
        found.append(problems.NOT_FOUND)
    if endpoint.body:
        found += [problems.TOO_LARGE, problems.UNSUPPORTED]
    if method != "GET" and endpoint.status is not HTTPStatus.ACCEPTED:
        found.append(problems.CONFLICT)
        found.append(problems.KEY_REUSED if endpoint.created else problems.STALE)
    return found


def _is_model(kind: Any) -> bool:  # noqa: ANN401 - a type expression has no type of its own
    return isinstance(kind, type) and issubclass(kind, BaseModel)


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "RFC 6901, into the body"},
                    "parameter": {"type": "string"},
                    "in": {"type": "string", "enum": ["path", "query", "header"]},
                },
            },
        },
    },
}
