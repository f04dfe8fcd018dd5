"""Request bodies."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.models.fields import Count, Prose, RequestModel, Title
from chalicelib.web import bodies
from chalicelib.web.problems import ProblemError


class Thing(RequestModel):
    """A model with a field of each kind that bodies are refused for."""

    title: Title
    text: Prose = ""
    count: Count = 0
    inner: dict[str, Any] = {}


JSON = ("application/json",)


def read(body: str | bytes | None, content_type: str = "application/json") -> Thing:
    return bodies.read(body, content_type, Thing, JSON)


def refusal(body: str | bytes | None, content_type: str = "application/json") -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        read(body, content_type)
    return caught.value


def test_a_good_body_becomes_its_model() -> None:
    """A body that fits is the model."""
    assert read('{"title": "a", "count": 3}') == Thing(title="a", count=3)


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
def test_content_types_of_json_are_taken(content_type: str) -> None:
    """Case and parameters of the content type do not matter."""
    assert read('{"title": "a"}', content_type).title == "a"


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml", "application/jsonp", "json"])
def test_other_content_types_are_415(content_type: str) -> None:
    """Anything but JSON is an unsupported media type."""
    assert refusal('{"title": "a"}', content_type).kind.status == 415


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ('{"title": 1}', "/title"),
        ('{"title": true}', "/title"),
        ('{"title": null}', "/title"),
        ('{"title": ""}', "/title"),
        ('{"title": "  "}', "/title"),
        ('{"title": "\\u3000"}', "/title"),
        ('{"title": "a\\u0000b"}', "/title"),
        ('{"title": "a\\nb"}', "/title"),
        ('{"title": "' + "x" * 201 + '"}', "/title"),
        ('{"title": "a", "text": "a\\u0007"}', "/text"),
        ('{"title": "a", "text": "\\ud800"}', "/text"),
        ('{"title": "a", "count": "3"}', "/count"),
        ('{"title": "a", "count": 3.0}', "/count"),
        ('{"title": "a", "count": true}', "/count"),
        ('{"title": "a", "count": 1000000000000001}', "/count"),
        ('{"title": "a", "other": 1}', "/other"),
        ('{"title": "a", "a/b~c": 1}', "/a~1b~0c"),
        ("{}", "/title"),
        ("[]", ""),
        ('"text"', ""),
        ("null", ""),
        ('{"title": "a", "title": "b"}', "/title"),
        ('{"title": "a", "inner": {"x": 1, "x": 1}}', "/inner/x"),
        ('{"title": "a", "inner": {"x": NaN}}', "/inner/x"),
        ('{"title": "a", "inner": {"x": -Infinity}}', "/inner/x"),
        ('{"title": "a", "inner": {"x": 1e400}}', "/inner/x"),
        ('{"title": "a", "inner": {"x": 1e-200}}', "/inner/x"),
        ('{"title": "a", "inner": {"x": ' + "9" * 39 + "}}", "/inner/x"),
        ('{"title": "a", "inner": {"x": ["b", "\\udc00"]}}', "/inner/x/1"),
        ('{"title": "a", "inner": {"\\ud83d": 1}}', "/inner"),
    ],
)
def test_a_bad_value_is_400_with_its_pointer(body: str, pointer: str) -> None:
    """Each fault is named by its place in the body."""
    problem = refusal(body)
    assert problem.kind.status == 400
    assert [error["pointer"] for error in problem.errors] == [pointer]


@pytest.mark.parametrize(
    "body", [None, "", b"", "{", "{'title': 1}", '{"title": "a"} x', b"\xff\xfe", b'{"title": "\xff"}', "9" * 5000]
)
def test_what_is_not_json_is_400(body: str | bytes | None) -> None:
    """A body that can't be read has no place to point at."""
    assert refusal(body).kind.status == 400


@pytest.mark.parametrize("bracket", ["[", '{"a":'])
@pytest.mark.parametrize("depth", [40, 1_000, 30_000])
def test_deep_nesting_is_400(bracket: str, depth: int) -> None:
    """Nesting is refused before anything recurses into it, well formed or not."""
    closing = {"[": "]", '{"a":': "}"}[bracket]
    document = bracket * depth + "1" + closing * depth
    assert refusal(f'{{"title": "a", "inner": {document}}}').kind.status == 400
    assert refusal(bracket * depth).kind.status == 400


def test_a_body_over_the_limit_is_413() -> None:
    """Size counts in bytes, and before anything is parsed."""
    assert refusal('"' + "é" * (bodies.MAX_BYTES // 2) + '"').kind.status == 413


def test_a_surrogate_pair_is_a_character() -> None:
    """Two halves that belong together are fine, escaped or not."""
    assert read('{"title": "\\ud83d\\ude00"}') == read('{"title": "😀"}')


def test_a_refusal_never_shows_a_value() -> None:
    """What a client sent may be personal; a problem names places and rules only."""
    problem = refusal('{"title": 1, "secret": "hunter2", "text": "hunter2\\u0000"}')
    assert "hunter2" not in json.dumps([problem.detail, list(problem.errors)])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists) | st.binary())
def test_any_body_is_read_or_refused(document: Any) -> None:
    """Whatever comes, the answer is the model or a problem, never another exception."""
    body = document if isinstance(document, bytes) else json.dumps({"title": "a", "inner": {"x": document}})
    try:
        read(body)
    except ProblemError as problem:
        assert problem.kind.status in {400, 413}  # noqa: PT017 - either outcome is right
