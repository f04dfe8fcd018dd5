"""Bodies made from a JSON Schema as OpenAPI has it: valid ones, and ones with a fault or two."""

import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

Schema = Mapping[str, Any]

_MOST = 4
"""Items of a list, beyond what a schema wants."""
_ODD = "😀\u2028\u00a0\u200b\ufeff\n\r\t\x00\x07\x7f\x85é ٣/\\'\"$#"
"""Characters that dialects and readers disagree about."""

_MARK = "here"
_UNREADABLE = ("1e400", "NaN", "1" * 60, "1e-200", '"\\ud800"', "[" * 40 + "]" * 40)
"""JSON, or nearly, that not every reader takes for the same value."""

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def valid(schema: Schema, schemas: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    """Return bodies that a schema allows; `schemas` are those that it may refer to."""
    if "$ref" in schema:
        return valid(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return st.one_of(*(valid(branch, schemas) for branch in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    plain: dict[str | None, Callable[[], st.SearchStrategy[Any]]] = {
        "object": lambda: _objects(schema, schemas),
        "array": lambda: _lists(schema, schemas),
        "string": lambda: _strings(schema),
        "integer": lambda: st.integers(schema.get("minimum"), schema.get("maximum")),
        "boolean": st.booleans,
        "null": st.none,
    }
    make = plain.get(schema.get("type"))
    return anything if make is None else make()


def _objects(schema: Schema, schemas: Mapping[str, Schema]) -> st.SearchStrategy[Any]:
    members = {name: valid(member, schemas) for name, member in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    declared = st.fixed_dictionaries(
        {name: member for name, member in members.items() if name in required},
        optional={name: member for name, member in members.items() if name not in required},
    )
    if schema.get("additionalProperties") is not True:
        return declared
    others = st.dictionaries(st.text(max_size=3), anything, max_size=2)
    return st.tuples(others, declared).map(lambda both: {**both[0], **both[1]})


def _lists(schema: Schema, schemas: Mapping[str, Schema]) -> st.SearchStrategy[list[Any]]:
    least = schema.get("minItems", 0)
    most = min(schema.get("maxItems", least + _MOST), least + _MOST)
    items = valid(schema["items"], schemas)
    full = items.map(lambda item: [item] * schema.get("maxItems", least))
    return st.lists(items, min_size=least, max_size=most) | full


def _strings(schema: Schema) -> st.SearchStrategy[str]:
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1_000)
    pattern: str = schema.get("pattern", "")
    edges = [text for text in ("a" * least, "a" * most, "😀" * most) if re.search(pattern, text)]
    if pattern:
        made = st.from_regex(pattern, fullmatch=True)
        some = made.filter(lambda text: least <= len(text) <= most and not text.endswith("\n"))
    else:
        some = st.text(min_size=least, max_size=min(most, least + 20))
    return some | st.sampled_from(edges) if edges else some


@st.composite
def nearly_valid(draw: st.DrawFn, schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """Draw a body with a fault, or two, somewhere; they may also do no harm."""
    body = copy.deepcopy(draw(valid(schema, schemas)))
    for _ in range(draw(st.integers(1, 2))):
        places = list(_places(body))
        if not places:
            return draw(anything)
        holder, key = draw(st.sampled_from(places))
        holder[key] = draw(_changed(holder[key]))
        if isinstance(holder, dict) and draw(st.integers(0, 5)) == 0:
            del holder[key]
            holder[draw(st.sampled_from(["extra", "", "Name", "__proto__"]))] = draw(anything)
    return body


@st.composite
def written(draw: st.DrawFn, bodies: st.SearchStrategy[Any]) -> str:
    """Draw a body's JSON; now and then one that has a value, or a name twice, that readers may disagree about."""
    body = draw(bodies)
    places = list(_places(body))
    if not places or draw(st.integers(0, 9)):
        return json.dumps(body)
    holder, key = draw(st.sampled_from(places))
    if isinstance(holder, dict) and draw(st.booleans()):
        pair = f"{json.dumps(key)}: {json.dumps(holder[key])}"
        return json.dumps(body).replace(pair, f"{pair}, {pair}")
    holder[key] = _MARK
    return json.dumps(body).replace(json.dumps(_MARK), draw(st.sampled_from(_UNREADABLE)))


def _places(value: Any) -> Any:
    """Yield every place in a body, as the object or list that it is in and its name or number there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in list(pairs):
        yield value, key
        yield from _places(member)


def _changed(value: Any) -> st.SearchStrategy[Any]:
    match value:
        case bool() | None:
            return anything
        case int():
            edges = [value + 0.5, float(value), str(value), -value, 0, -1, 10**9 + 1, 10**15 + 1, 10**38, True]
            return st.sampled_from(edges)
        case str():
            odd = st.sampled_from([*_ODD, "", value[:1], "x" * 41, "x" * 300, "😀" * 150, "😀" * 201])
            return st.tuples(odd, st.integers(0, 2)).map(lambda both: _joined(value, *both)) | anything
        case list():
            return st.sampled_from([[], [*value, None], value * 60, value[:1] * 101, {"0": value}])
    return anything


def _joined(value: str, odd: str, how: int) -> str:
    return (value + odd, odd + value, odd)[how]
