"""JSON Schema 2020-12, as OpenAPI 3.1 has it, in the draft 4 of API Gateway's models: looser at times, never stricter.

Draft 4 has no `const`, no number in `exclusiveMinimum`, no `$defs`, and ignores what stands beside a `$ref`. What API
Gateway's "important notes" call, or once called, unsupported is avoided too: names of models that are not alphanumeric,
`exclusiveMinimum`, `allOf`, `anyOf`, `oneOf`, `discriminator`, `example`; and what Swagger 2.0 does not know: `not` and
`patternProperties`, and the `additionalProperties` beside the latter. So are `format` and `uniqueItems`: pydantic may
say them of what it does not check. What can't be said exactly is left out.
"""

import math
import re
from collections.abc import Mapping
from typing import Any

from grail.errors import GrailError
from grail.stack.patterns import is_portable

Schema = dict[str, Any]

_REFERENCE = "#/components/schemas/"
_SAME = (
    "type",
    "enum",
    "required",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)
_NULL = {"type": "null"}


def definitions(document: Mapping[str, Any]) -> dict[str, Schema]:
    """Return an OpenAPI document's schemas under the names of their models. Raises GrailError where two have one."""
    found: dict[str, Schema] = {}
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if model_name(name) in {*found, "Empty"}:  # Chalice's own
            message = f"the schema {name!r} needs another name: API Gateway leaves {model_name(name)!r} of it"
            raise GrailError(message)
        found[model_name(name)] = draft4(schema)
    return found


def model_name(name: str) -> str:
    """Return what API Gateway can call a schema: its letters and digits."""
    return re.sub("[^A-Za-z0-9]", "", name)


def draft4(schema: Mapping[str, Any] | bool) -> Schema:  # noqa: FBT001 - a schema may be one
    """Return a schema in draft 4."""
    if isinstance(schema, bool):
        return {}
    if "$ref" in schema:
        reference = str(schema["$ref"])
        name = model_name(reference.removeprefix(_REFERENCE))
        return {"$ref": f"#/definitions/{name}"} if reference.startswith(_REFERENCE) else {}
    found = {key: schema[key] for key in _SAME if key in schema}
    if "const" in schema:
        found["enum"] = [schema["const"]]
    if is_portable(schema.get("pattern", "\\")):
        found["pattern"] = schema["pattern"]
    found |= _number(schema) | _array(schema) | _object(schema)
    branches = schema.get("anyOf") or schema.get("oneOf")
    return found | _nullable([draft4(branch) for branch in branches]) if branches else found


def _number(schema: Mapping[str, Any]) -> Schema:
    """Return the limits that draft 4 has another word for; those of a whole number can be said without it."""
    found: Schema = {}
    is_whole = schema.get("type") == "integer"
    if "exclusiveMinimum" in schema:
        limit = schema["exclusiveMinimum"]
        found["minimum"] = max(math.floor(limit) + 1 if is_whole else limit, schema.get("minimum", -math.inf))
    if "exclusiveMaximum" in schema:
        limit = schema["exclusiveMaximum"]
        found["maximum"] = min(math.ceil(limit) - 1 if is_whole else limit, schema.get("maximum", math.inf))
    if is_whole and isinstance(schema.get("multipleOf"), int):
        found["multipleOf"] = schema["multipleOf"]
    return found


def _array(schema: Mapping[str, Any]) -> Schema:
    """Return what is said of items, where it holds for all of them."""
    return {"items": draft4(schema["items"])} if "items" in schema and "prefixItems" not in schema else {}


def _object(schema: Mapping[str, Any]) -> Schema:
    """Return what is said of members; where a pattern names some of them, the others can't be told."""
    found: Schema = {}
    if "properties" in schema:
        found["properties"] = {name: draft4(member) for name, member in schema["properties"].items()}
    others = schema.get("additionalProperties", True)
    if others is not True and "patternProperties" not in schema:
        found["additionalProperties"] = draft4(others) if others else False
    return found


def _nullable(branches: list[Schema]) -> Schema:
    """Return what can be said of a plain schema or null; of any other choice, nothing.

    That it is one of two types can't: Swagger 2.0 knows no list of types, and its importer keeps the first, or none.
    """
    values = [branch for branch in branches if branch != _NULL]
    if len(values) != 1 or _NULL not in branches or not isinstance(values[0].get("type"), str):
        return {}
    return {name: value for name, value in values[0].items() if name not in {"type", "enum"}}
