"""The smoke test of a stage, on answers made here."""

import json

import pytest

from grail.errors import GrailError
from grail.pipeline.smoke import Answer, Fetch, check

URL = "https://api.example.com/"
DOCUMENT = {
    "openapi": "3.1.0",
    "security": [{"bearer": []}],
    "paths": {
        "/health": {"get": {"security": []}},
        "/things/{id}": {"get": {}},
        "/things": {"get": {}, "post": {}},
    },
}


def answers(**others: Answer) -> Fetch:
    """Return a stage that answers as it should, but for what is given by the path's last word."""
    found = {
        "health": Answer(200, "application/json", "{}"),
        "openapi": Answer(200, "application/json", json.dumps(DOCUMENT)),
        "things": Answer(401, "application/problem+json", "{}"),
        **others,
    }
    return lambda url: found[url.removeprefix(URL).removesuffix(".json")]


def said(fetch: Fetch) -> list[str]:
    """Return what is found right; nobody waits."""
    return list(check(URL, fetch=fetch, sleep=lambda _: None))


def test_a_stage_that_answers_is_right() -> None:
    """Public paths answer, and the first that wants a credential and no parameter is closed."""
    assert said(answers()) == [
        "/health answers 200",
        "/openapi.json is OpenAPI 3.1.0",
        "/things answers 401 without a credential",
    ]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"health": Answer(500, "text/plain", "")}, "/health answered 500, not 200"),
        ({"openapi": Answer(200, "text/html", "<html>")}, "openapi.json is not JSON"),
        ({"openapi": Answer(200, "application/json", "[]")}, "openapi.json is not a JSON object"),
        ({"openapi": Answer(200, "application/json", "{}")}, "openapi.json is no OpenAPI document"),
        ({"things": Answer(200, "application/json", "{}")}, "/things answered 200, not 401"),
        ({"things": Answer(403, "application/json", "{}")}, "/things answered 403, not 401"),
    ],
)
def test_what_is_wrong_is_said(wrong: dict[str, Answer], message: str) -> None:
    """An open gate is as wrong as a closed door."""
    with pytest.raises(GrailError, match=message):
        said(answers(**wrong))


def test_what_is_not_seen_everywhere_at_once_is_asked_again() -> None:
    """A gateway's deployment takes its seconds: a wrong answer, and none at all, are asked again."""
    first = iter([Answer(403, "application/json", "{}"), None])
    right = answers()

    def fetch(url: str) -> Answer:
        found = next(first, right(url))
        if found is None:
            message = "no answer"
            raise GrailError(message)
        return found

    assert said(fetch)[0] == "/health answers 200"


def test_an_api_without_a_closed_get_is_right() -> None:
    """There is nothing to try, and that is said."""
    document = json.dumps({**DOCUMENT, "security": []})
    assert said(answers(openapi=Answer(200, "application/json", document)))[-1].startswith("no GET")
