"""JSON Schema 2020-12 as API Gateway's draft 4."""

from typing import Any

import pytest
from jsonschema import Draft4Validator

from app import app
from chalicelib.models import fields
from chalicelib.web import openapi
from grail.errors import GrailError
from grail.stack.patterns import is_portable
from grail.stack.schemas import definitions, draft4

NULL = {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "model"),
    [
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 2.5}, {"type": "integer", "maximum": 2}),
        ({"type": "integer", "exclusiveMinimum": 0, "minimum": 7}, {"type": "integer", "minimum": 7}),
        ({"type": "number", "exclusiveMinimum": 0}, {"type": "number", "minimum": 0}),
        ({"type": "number", "multipleOf": 0.1}, {"type": "number"}),
        ({"type": "integer", "multipleOf": 5}, {"type": "integer", "multipleOf": 5}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"$ref": "#/components/schemas/Page_A_", "maxLength": 3}, {"$ref": "#/definitions/PageA"}),
        ({"$ref": "#/$defs/A"}, {}),
        ({"type": "string", "format": "date-time", "examples": ["a"], "title": "A"}, {"type": "string"}),
        ({"anyOf": [{"type": "string", "maxLength": 3}, NULL]}, {"maxLength": 3}),
        ({"anyOf": [{"type": "string", "enum": ["a"]}, NULL]}, {}),
        ({"anyOf": [{"$ref": "#/components/schemas/A"}, NULL]}, {}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}], "discriminator": {}, "minLength": 1}, {"minLength": 1}),
        ({"not": {"type": "string", "pattern": r"\d"}}, {}),
        ({"type": "array", "uniqueItems": True, "items": {}}, {"type": "array", "items": {}}),
        ({"type": "array", "prefixItems": [{}], "items": False}, {"type": "array"}),
        ({"type": "string", "pattern": r"^\w+$"}, {"type": "string"}),
        ({"type": "object", "additionalProperties": True}, {"type": "object"}),
        ({"additionalProperties": {"const": 1}}, {"additionalProperties": {"enum": [1]}}),
        (
            {"type": "object", "patternProperties": {"^a": {}}, "additionalProperties": False, "maxProperties": 2},
            {"type": "object", "maxProperties": 2},
        ),
        ({"allOf": [{"const": 1}], "properties": {"a": True, "b": False}}, {"properties": {"a": {}, "b": {}}}),
    ],
)
def test_a_schema_in_draft_4(schema: dict[str, Any], model: dict[str, Any]) -> None:
    """The same where draft 4 can say it, else looser."""
    assert draft4(schema) == model
    Draft4Validator.check_schema(model)


@pytest.mark.parametrize(
    "pattern",
    [
        fields.LINE,
        fields.PROSE,
        r"^[A-Za-z0-9_-]{1,64}$",
        r"^\+[1-9][0-9]{6,14}$",
        r"^(\*|[a-z]{0,39}):(?:\*|[a-z]+?)(:own)?$",
        r"^[^/\\\u0000-\u001f]+$",
        r"[^a]{2}[^b]*",
        r"^[^a]{3,}$",
        r"[\u00e0-\u00ff\-\]]|/",
    ],
)
def test_a_pattern_that_means_the_same_everywhere(pattern: str) -> None:
    """It goes into the model."""
    assert is_portable(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d+$",
        r"\w",
        r"a\b",
        r"^.$",
        r"(?i)a",
        r"(?=a)",
        r"(?P<a>b)",
        r"\p{L}",
        r"(a)\1",
        r"a++",
        r"[a[b]]",
        r"[a&&b]",
        r"[a--b]",
        r"[\d]",
        r"\ud800",
        "😀",
        "[😀]",
        r"^[^a]$",
        r"^[^a]{1,9}$",
        r"^[^a]?b[^c]*$",
        r"[]a]",
        r"a{,3}",
        r"\Aa\z",
        r"(",
        "[",
    ],
)
def test_a_pattern_that_may_not(pattern: str) -> None:
    """It is left to the handler; so is a set of all but some, where ECMA 262 counts one character as two."""
    assert not is_portable(pattern)


def test_every_pattern_of_this_app_is_portable() -> None:
    """The gateway leaves none of them to the handler."""
    text = str(openapi.describe(app)["components"]["schemas"])
    assert text.count("'pattern'") == str(definitions(openapi.describe(app))).count("'pattern'") > 20


def test_two_schemas_of_one_name_are_refused() -> None:
    """API Gateway would keep one of them."""
    with pytest.raises(GrailError, match="'A_B'"):
        definitions({"components": {"schemas": {"AB": {}, "A_B": {}}}})
    with pytest.raises(GrailError, match="Empty"):
        definitions({"components": {"schemas": {"Empty": {}}}})
