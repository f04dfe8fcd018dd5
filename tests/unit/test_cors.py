"""Which origins' pages may read an answer."""

import pytest
from chalice.app import CORSConfig

from chalicelib.web.api import Api
from chalicelib.web.cors import Cors
from chalicelib.web.endpoint import endpoint, public
from chalicelib.web.results import Document
from tests.unit.event import LambdaContext, event

ONE, OTHER = "https://one.example", "https://other.example:8443"
ALLOWED = "Access-Control-Allow-Origin"
CORS = {"Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Access-Control-Max-Age"}


def make_app(cors: CORSConfig | None) -> Api:
    """Make an app with a page, and a path that fails."""
    app = Api("test")
    app.api.cors = cors or False

    @app.route("/page")
    @endpoint(public)
    def page() -> Document:
        """Show."""
        return Document("text", "text/plain", '"tag"')

    @app.route("/broken")
    @endpoint(public)
    def broken() -> Document:
        """Fail."""
        raise RuntimeError

    @app.route("/closed")
    @endpoint("things:read")
    def closed() -> Document:
        """Show it to those who may."""
        return Document("text", "text/plain", '"tag"')

    return app


def several(*origins: str) -> Cors:
    return Cors(origins, allow_headers=["If-Match"], expose_headers=["ETag"], max_age=600)


def headers(app: Api, origin: str | None, path: str = "/page", *, name: str = "Origin") -> dict[str, str]:
    """Ask with an origin, and return the answer's headers."""
    sent = {"Accept": "*/*"} if origin is None else {name: origin}
    found: dict[str, str] = app(event("GET", path, headers=sent, permissions=None), LambdaContext())["headers"]
    return found


@pytest.mark.parametrize("origin", [ONE, OTHER])
@pytest.mark.parametrize("name", ["Origin", "origin", "ORIGIN"])
def test_of_several_origins_the_one_that_asks_is_named(origin: str, name: str) -> None:
    """An answer can name one only; a cache is told that it is not for the others."""
    found = headers(make_app(several(ONE, OTHER)), origin, name=name)
    assert (found[ALLOWED], found["Vary"]) == (origin, "Origin")
    assert found["Access-Control-Expose-Headers"] == "ETag"


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "*",
        "https://evil.example",
        "https://one.example.evil.example",
        "http://one.example",
        "https://one.example:8443",
        "https://one.example/",
        "https://ONE.example",
        "https://other.example",
        f"{ONE}, {OTHER}",
        f"{ONE} {OTHER}",
    ],
)
@pytest.mark.parametrize("origins", [(ONE,), (ONE, OTHER)], ids=["one", "several"])
def test_another_origin_is_not_named(origins: tuple[str, ...], origin: str | None) -> None:
    """Nor is any other in its place: its page may not read the answer, and a cache must not keep that for all."""
    found = headers(make_app(several(*origins)), origin)
    assert ALLOWED not in found
    assert found["Vary"] == "Origin"


def test_one_origin_is_named_to_itself() -> None:
    """As one of several is."""
    found = headers(make_app(several(ONE)), ONE)
    assert (found[ALLOWED], found["Vary"]) == (ONE, "Origin")


@pytest.mark.parametrize("origins", [("*",), ("*", ONE), (ONE, "*")])
@pytest.mark.parametrize("origin", [None, ONE, "https://evil.example", "null"])
def test_a_star_stands_for_all(origins: tuple[str, ...], origin: str | None) -> None:
    """The answer is the same for every origin, so it can be kept for all."""
    found = headers(make_app(several(*origins)), origin)
    assert found[ALLOWED] == "*"
    assert "Vary" not in found


@pytest.mark.parametrize("path", ["/page", "/broken", "/closed"])
@pytest.mark.parametrize(
    ("origin", "allowed"), [(ONE, ONE), (OTHER, OTHER), ("https://evil.example", None), (None, None)]
)
def test_an_error_may_be_read_by_whom_an_answer_may(path: str, origin: str | None, allowed: str | None) -> None:
    """A page can show what went wrong."""
    found = headers(make_app(several(ONE, OTHER)), origin, path)
    assert (found.get(ALLOWED), found["Vary"]) == (allowed, "Origin")


@pytest.mark.parametrize("origins", [("*",), (ONE,), (ONE, OTHER)])
def test_the_other_headers_are_chalices(origins: tuple[str, ...]) -> None:
    """Only the origin is decided here."""
    plain = CORSConfig(allow_headers=["If-Match"], expose_headers=["ETag"], max_age=600).get_access_control_headers()
    found = headers(make_app(several(*origins)), ONE)
    assert {name: found[name] for name in plain if name != ALLOWED} == {
        name: value for name, value in plain.items() if name != ALLOWED
    }
    assert set(plain) >= CORS


def test_chalices_own_configuration_works_too() -> None:
    """With its one origin, whoever asks."""
    found = headers(make_app(CORSConfig(allow_origin=ONE)), "https://evil.example")
    assert found[ALLOWED] == ONE
    assert "Vary" not in found


def test_without_cors_there_are_no_headers_of_it() -> None:
    """A browser then lets only the API's own pages read it."""
    found = headers(make_app(None), ONE)
    assert not [name for name in found if name.startswith("Access-Control") or name == "Vary"]


def test_what_one_origin_was_told_another_is_not() -> None:
    """Answers do not share their headers."""
    app = make_app(several(ONE, OTHER))
    first = headers(app, ONE)
    first["X-Mine"] = "yes"
    second = headers(app, OTHER)
    assert (first[ALLOWED], second[ALLOWED]) == (ONE, OTHER)
    assert "X-Mine" not in headers(app, ONE)
