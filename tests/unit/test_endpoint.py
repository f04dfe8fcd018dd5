"""The endpoint's contract, on a small app of its own."""

import base64
import json
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.app import CORSConfig

from chalicelib import deadline
from chalicelib.errors import NotFoundError, UnavailableError
from chalicelib.models.entity import Entity, EntityView, Made
from chalicelib.models.fields import RequestModel, Title
from chalicelib.models.permissions import NOTHING
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.endpoint import endpoint, public
from chalicelib.web.pages import Paging
from chalicelib.web.results import Created, Document
from tests.unit.event import LambdaContext, event

NOW = datetime(2026, 11, 20, tzinfo=UTC)


class ThingNew(RequestModel):
    """What is sent."""

    name: Title


class ThingView(EntityView):
    """What is shown."""

    name: str


class Thing(ThingView, Entity):
    """What is stored; its owner is not to be shown."""


def thing(identifier: str = "one", version: int = 7) -> Thing:
    return Thing(id=identifier, name="a", owner="secret", version=version, created_at=NOW, updated_at=NOW)


def make_app() -> Api:
    """Make an app with one endpoint of each kind."""
    app = Api("test")
    app.api.cors = CORSConfig(expose_headers=["ETag"])

    @app.route("/things", methods=["GET"])
    @endpoint("things:read")
    def list_things(query: Paging) -> None:
        """List."""
        assert query.limit

    @app.route("/things", methods=["POST"])
    @endpoint("things:write")
    def add_thing(body: ThingNew, ctx: Context) -> Created[ThingView]:
        """Add."""
        once = ctx.once
        made = Made(thing(once.id if once else "new", 1), replayed=body.name == "again")
        return Created(made, f"/things/{made.entity.id}")

    @app.route("/things/{thing_id}", methods=["GET"])
    @endpoint("things:read")
    def get_thing(thing_id: str) -> ThingView:
        """Get."""
        if thing_id == "broken":
            raise RuntimeError(thing_id)
        if thing_id == "busy":
            raise UnavailableError("busy", retry_after=3)
        if thing_id != "one":
            raise NotFoundError("thing", thing_id)
        return thing()

    @app.route("/things/{thing_id}", methods=["DELETE"])
    @endpoint("things:write")
    def delete_thing(thing_id: str, ctx: Context) -> None:
        """Delete."""
        assert ctx.if_match is None or ctx.if_match == {7}, thing_id

    @app.route("/things/{thing_id}/poke", methods=["POST"])
    @endpoint("things:write")
    def poke_thing(thing_id: str) -> ThingView:
        """Poke."""
        raise NotImplementedError(thing_id)

    @app.route("/page")
    @endpoint(public)
    def page() -> Document:
        """Show."""
        return Document("<p>", "text/html", '"tag"', "default-src 'none'")

    @app.route("/left")
    @endpoint(public)
    def left() -> Document:
        """Tell the time left."""
        return Document(str(deadline.seconds_left()), "text/plain", '"x"')

    return app


APP = make_app()


def call(*arguments: Any, app: Api = APP, **options: Any) -> tuple[int, dict[str, str], Any]:
    """Send an event; return status, headers and the body, as JSON if it is."""
    answer = app(event(*arguments, **options), LambdaContext())
    body = answer["body"]
    return answer["statusCode"], answer["headers"], json.loads(body) if body[:1] in {"{", "["} else body


def test_a_view_shows_its_own_fields_only() -> None:
    """What is stored beside them never leaves, and the version is the ETag."""
    status, headers, body = call("GET", "/things/{thing_id}", path={"thing_id": "one"})
    assert (status, headers["ETag"]) == (200, '"7"')
    assert body == {
        "id": "one",
        "created_at": "2026-11-20T00:00:00Z",
        "updated_at": "2026-11-20T00:00:00Z",
        "name": "a",
    }


@pytest.mark.parametrize(("header", "status"), [('"7"', 304), ('W/"7"', 304), ("*", 304), ('"6"', 200), ("7", 400)])
def test_if_none_match_saves_the_body(header: str, status: int) -> None:
    """A client that has this version gets 304, with the ETag and no body."""
    headers = {"if-none-match": header}
    found, answer_headers, body = call("GET", "/things/{thing_id}", path={"thing_id": "one"}, headers=headers)
    assert found == status
    assert status != 304 or (body == "" and answer_headers["ETag"] == '"7"' and "Content-Type" not in answer_headers)


def test_a_creation_is_201_with_its_location() -> None:
    """The location is relative to the request, so it holds behind any prefix."""
    status, headers, body = call("POST", "/things", body={"name": "a"})
    assert (status, headers["Location"], headers["ETag"], body["id"]) == (201, "things/new", '"1"', "new")
    assert "Idempotent-Replayed" not in headers


def test_a_replayed_creation_says_so() -> None:
    """The client can tell that nothing was made this time."""
    assert call("POST", "/things", body={"name": "again"})[1]["Idempotent-Replayed"] == "true"


def test_nothing_to_show_is_204() -> None:
    """No body, no content type."""
    status, headers, body = call("DELETE", "/things/{thing_id}", path={"thing_id": "one"}, headers={"If-Match": '"7"'})
    assert (status, body) == (204, "")
    assert "Content-Type" not in headers


def test_every_answer_has_the_gateways_request_id_and_cors() -> None:
    """Good or bad, the answer can be found in the log, and a browser may read it."""
    for path in ("one", "gone", "broken", "not an id"):
        _, headers, _ = call("GET", "/things/{thing_id}", path={"thing_id": path})
        assert headers["X-Request-Id"] == "gateway-request"
        assert headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("permissions", "status"),
    [("things:read", 200), ("things:*", 200), ("", 403), ("things:write", 403), ("notes:read", 403), (None, 401)],
)
def test_the_permission_decides(permissions: str | None, status: int) -> None:
    """A caller without it is 403; where no authorizer ran, nobody is known, and that is 401."""
    path = {"thing_id": "one"}
    assert call("GET", "/things/{thing_id}", path=path, permissions=permissions)[0] == status


def test_the_permission_comes_before_the_body() -> None:
    """Who may not write learns nothing about what could be written."""
    assert call("POST", "/things", body={"nonsense": 1}, permissions="things:read")[0] == 403


def test_a_public_endpoint_asks_for_nobody() -> None:
    """No authorizer, no caller, still an answer."""
    status, headers, body = call("GET", "/page", permissions=None)
    assert (status, body, headers["Content-Type"]) == (200, "<p>", "text/html")
    assert headers["Content-Security-Policy"] == "default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_document_is_304_to_who_has_it() -> None:
    """A page's tag works as a version does."""
    assert call("GET", "/page", headers={"If-None-Match": '"tag"'})[0] == 304


@pytest.mark.parametrize("identifier", ["a b", "", "x" * 65, "..", "%2e%2e", "a/b", "a\n", "é", "%00"])
def test_what_can_be_no_id_is_400(identifier: str) -> None:
    """The path's parameters are checked before anything is looked up."""
    status, _, body = call("GET", "/things/{thing_id}", path={"thing_id": identifier})
    assert (status, body["errors"][0]["parameter"], body["errors"][0]["in"]) == (400, "thing_id", "path")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": ["0"]}, "limit"),
        ({"nope": ["1"]}, "nope"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"cursor": ["!"]}, "cursor"),
    ],
)
def test_a_bad_query_is_400_with_the_parameters_name(query: dict[str, list[str]], parameter: str) -> None:
    """Unknown, repeated and wrong parameters are all refused."""
    status, _, body = call("GET", "/things", query=query)
    assert (status, body["errors"][0]["parameter"], body["errors"][0]["in"]) == (400, parameter, "query")


def test_an_operation_without_query_takes_none() -> None:
    """A parameter that would be ignored is refused."""
    assert call("GET", "/things/{thing_id}", path={"thing_id": "one"}, query={"x": ["1"]})[0] == 400


@pytest.mark.parametrize(
    ("identifier", "status", "retry_after"), [("gone", 404, None), ("busy", 503, "3"), ("broken", 500, None)]
)
def test_errors_become_problems(identifier: str, status: int, retry_after: str | None) -> None:
    """Every exception is an answer, and of ours the right one."""
    found, headers, body = call("GET", "/things/{thing_id}", path={"thing_id": identifier})
    assert (found, body["status"], headers.get("Retry-After")) == (status, status, retry_after)
    assert headers["Content-Type"] == "application/problem+json"


def test_an_operation_that_a_service_lacks_is_405() -> None:
    """NotImplementedError is no fault of ours."""
    assert call("POST", "/things/{thing_id}/poke", path={"thing_id": "one"})[0] == 405


@pytest.mark.parametrize(("method", "resource", "status"), [("PUT", "/things", 405), ("GET", "/nothing", 404)])
def test_what_no_gateway_lets_through_is_answered_too(method: str, resource: str, status: int) -> None:
    """Behind a gateway that passes everything on, the app still gives the contract's statuses."""
    found, headers, _ = call(method, resource)
    assert found == status
    assert status != 405 or headers["Allow"] == "GET, POST"


def test_a_body_that_nobody_would_read_is_refused() -> None:
    """Where none is declared, none is taken."""
    assert call("POST", "/things/{thing_id}/poke", path={"thing_id": "one"}, body="junk")[0] == 400


def test_a_base64_body_is_read() -> None:
    """API Gateway encodes a body where a binary type matches."""
    sent = event("POST", "/things", body=base64.b64encode(b'{"name": "a"}').decode())
    assert APP({**sent, "isBase64Encoded": True}, LambdaContext())["statusCode"] == 201


def test_an_event_without_headers_is_answered() -> None:
    """API Gateway's console sends null for what is not there."""
    sent = {**event("GET", "/things/{thing_id}", path={"thing_id": "one"}), "headers": None}
    assert APP(sent, LambdaContext())["statusCode"] == 200


def test_the_deadline_is_lambdas() -> None:
    """What retries can ask how long the invocation has; afterwards there is no hurry."""
    assert APP(event("GET", "/left"), LambdaContext(4_500))["body"] == "4.5"
    assert deadline.seconds_left() == math.inf


def test_an_authorizer_has_a_deadline_too() -> None:
    """It asks the database as well, and has less time."""
    app = Api("test")

    @app.authorizer()
    def gate(_: Any) -> dict[str, Any]:
        return {"left": deadline.seconds_left()}

    sent = {"type": "TOKEN", "authorizationToken": "x", "methodArn": "arn"}
    assert gate(sent, LambdaContext(2_500)) == {"left": 2.5}
    assert deadline.seconds_left() == math.inf


def idempotent(**changes: Any) -> str:
    """Return the id that a creation with a key gets."""
    options = {"body": {"name": "a"}, "principal": "alice", "key": "k"} | changes
    headers = {"Content-Type": "application/json", "Idempotency-Key": options["key"]}
    _, _, body = call("POST", "/things", body=options["body"], principal=options["principal"], headers=headers)
    return str(body["id"])


def test_a_key_gives_the_same_id_to_the_same_caller_only() -> None:
    """The id follows from caller, path and key, and not from the body."""
    assert idempotent() == idempotent() == idempotent(body={"name": "b"})
    assert (
        len({idempotent(), idempotent(principal="bob"), idempotent(key="l"), idempotent(principal="alic", key="ek")})
        == 4
    )


@pytest.mark.parametrize("key", ["", "é", "x" * 256, "a\tb"])
def test_a_bad_key_is_400(key: str) -> None:
    """A key that another hop may change is refused."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    status, _, body = call("POST", "/things", body={"name": "a"}, headers=headers)
    assert (status, body["errors"][0]["parameter"]) == (400, "Idempotency-Key")


def test_middleware_still_runs() -> None:
    """Chalice's own dispatch, with its middleware, gives the same answers."""
    app, seen = make_app(), []

    @app.middleware("http")
    def note(request: Any, get_response: Any) -> Any:
        seen.append(request.path)
        return get_response(request)

    straight = call("GET", "/things/{thing_id}", path={"thing_id": "one"})
    assert call("GET", "/things/{thing_id}", path={"thing_id": "one"}, app=app) == straight
    assert seen == ["/things/{thing_id}"]


# What does not import:


def plain(thing_id: str) -> ThingView:
    """Be an endpoint's function."""
    return thing(thing_id)


def test_a_route_without_a_permission_does_not_import() -> None:
    """Leaving out the decorator is an error with the mend in it."""
    with pytest.raises(TypeError, match="names no permission"):
        Api("test").route("/things/{thing_id}")(plain)


def test_a_permission_must_be_one() -> None:
    """A misspelt permission is found at import."""
    with pytest.raises(ValueError, match="is not a permission"):
        endpoint("things")


@pytest.mark.parametrize("path", ["/things", "/things/{id}", "/things/{thing_id}/{other}"])
def test_the_paths_parameters_are_the_functions(path: str) -> None:
    """A parameter that would never be filled, or never be read, is found at import."""
    with pytest.raises(TypeError, match="has the parameters"):
        Api("test").route(path)(endpoint("things:read")(plain))


def test_an_endpoint_declares_its_types() -> None:
    """Everything is derived from them, so they must be there."""

    def no_return(thing_id: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - what the test is about
        return thing(thing_id)

    def no_parameter(thing_id) -> ThingView:  # type: ignore[no-untyped-def]  # noqa: ANN001 - what the test is about
        return thing(thing_id)

    with pytest.raises(TypeError, match="declare what it returns"):
        endpoint("things:read")(no_return)
    with pytest.raises(TypeError, match="give a type to thing_id"):
        endpoint("things:read")(no_parameter)


def test_an_endpoint_that_is_not_registered_answers_nothing() -> None:
    """Calling it by hand is a mistake, and says so."""
    with pytest.raises(TypeError, match="once it is registered"):
        endpoint("things:read")(plain)()


def test_a_retry_is_the_same_request_to_later_code() -> None:
    """Which may know a field more, with a default: what was sent is compared, and not what it means."""

    class Later(ThingNew):
        """With a default."""

        country: str = "GB"

    found = []
    for model in (ThingNew, Later):
        ctx = Context(
            event("POST", "/things", headers={"Idempotency-Key": "k"}), "request", grants_of=lambda *_, **__: NOTHING
        )
        ctx.body = model(name="Ada")
        found.append(ctx.once)
    assert found[0] == found[1]
