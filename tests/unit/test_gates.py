"""The authorizers: four adapters over one decision, and what the handler makes of each one's context."""

import json
import time
from typing import Any

import pytest
from chalice.app import ChaliceAuthorizer, CognitoUserPoolAuthorizer

from chalicelib import deadline
from chalicelib.access import gates
from chalicelib.errors import UnauthenticatedError, UnavailableError
from chalicelib.models.admission import LONGEST, Admission, handed_over
from chalicelib.models.caller import Caller
from chalicelib.models.permissions import Grants, parse
from chalicelib.models.principals import Me
from chalicelib.settings import AUTHORIZERS, Settings
from chalicelib.web.api import Api
from chalicelib.web.context import Context
from chalicelib.web.endpoint import authenticated, endpoint, public
from tests.unit.event import LambdaContext, event

POOL = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_abc"
ARN = "arn:aws:execute-api:eu-central-1:123456789012:abcdefghij/api/GET/things"
READ: dict[tuple[str, str | None], str] = {("bob", None): "things:read", ("user:ada", None): "things:read"}
"""What the permission store says, when it is asked."""
FAR = 4_102_444_800
SECONDS_LEFT: list[float] = []


def grants_of(principal: str, token_id: str | None, *, fresh: bool = False) -> Grants:
    """Read the permission store; read afresh, it has been emptied."""
    return parse("" if fresh else READ[principal, token_id])


def make_app(kind: str) -> tuple[Api, Any]:
    """Return an app whose stage has an authorizer of a kind, and the authorizer."""
    app = Api("test", grants_of=grants_of)

    @gates.authorizer(app, Settings.read({"AUTHORIZER": kind, "REVOCATION_SECONDS": "60"}))
    def gate(authorization: str) -> Admission:
        """Decide by the text."""
        SECONDS_LEFT.append(deadline.seconds_left())
        match authorization:
            case "Bearer reader":
                return Admission(principal="bob", grants=parse("things:read"), token="t1", expires=FAR)
            case "Bearer down":
                raise UnavailableError("down")
        raise UnauthenticatedError

    @app.route("/things", authorizer=gate)
    @endpoint("things:read", owned=True)
    def list_things(ctx: Context) -> Me:
        """Tell who calls."""
        return _told(ctx.caller)

    @app.route("/things", methods=["POST"], authorizer=gate)
    @endpoint("things:write")
    def add_things(ctx: Context) -> Me:
        """Tell who calls."""
        return _told(ctx.caller)

    @app.route("/fresh", authorizer=gate)
    @endpoint("things:read", fresh=True)
    def get_fresh() -> None:
        """Do nothing."""

    @app.route("/me", authorizer=gate)
    @endpoint(authenticated)
    def get_me(ctx: Context) -> Me:
        """Tell who calls."""
        return _told(ctx.caller)

    @app.route("/open")
    @endpoint(public)
    def get_open() -> None:
        """Do nothing."""

    return app, gate


def _told(caller: Caller) -> Me:
    return Me(principal=caller.principal, grants=["only own"] if caller.only_own else [], denies=[])


TOKEN = {"type": "TOKEN", "methodArn": ARN}
# As documented: API Gateway Developer Guide, "Input to an API Gateway Lambda authorizer", and "Working with AWS Lambda
# authorizers for HTTP APIs", as far as it matters here.
REQUEST = {"type": "REQUEST", "methodArn": ARN, "resource": "/things", "path": "/things", "httpMethod": "GET"}
HTTP = {"version": "2.0", "type": "REQUEST", "routeArn": ARN, "routeKey": "GET /things", "rawPath": "/things"}


def authorizer_event(kind: str, authorization: str) -> dict[str, Any]:
    """Return what API Gateway sends to an authorizer of a kind."""
    match kind:
        case "token":
            return {**TOKEN, "authorizationToken": authorization}
        case "request":
            headers = {"accept": "*/*", "authorization": authorization}
            return {
                **REQUEST,
                "headers": headers,
                "multiValueHeaders": {name: [value] for name, value in headers.items()},
            }
    return {**HTTP, "identitySource": [authorization], "headers": {"authorization": authorization}}


FUNCTIONS = [kind for kind in AUTHORIZERS if kind != "cognito"]


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_known_caller_gets_a_policy_and_a_context(kind: str) -> None:
    """The same from each kind of function; an HTTP API's context says who it is, too."""
    answer = make_app(kind)[1](authorizer_event(kind, "Bearer reader"), LambdaContext())
    named = {"principalId": "bob"} if kind == "http" else {}
    assert json.loads(json.dumps(answer)) == {
        "principalId": "bob",
        "context": {"expires": FAR, "token": "t1", "grants": "things:read", **named},
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "execute-api:Invoke",
                    "Resource": [
                        "arn:aws:execute-api:*:*:abcdefghij/api/GET/things",
                        "arn:aws:execute-api:*:*:abcdefghij/api/GET/fresh",
                        "arn:aws:execute-api:*:*:abcdefghij/api/GET/me",
                    ],
                }
            ],
        },
    }


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_anyone_else_is_401(kind: str) -> None:
    """By the one message that API Gateway knows."""
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        make_app(kind)[1](authorizer_event(kind, "Bearer other"), LambdaContext())


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_what_fails_is_not_401(kind: str) -> None:
    """API Gateway's failure of the authorizer then, which a client may try again."""
    with pytest.raises(UnavailableError):
        make_app(kind)[1](authorizer_event(kind, "Bearer down"), LambdaContext())


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_decision_ends_before_its_invocation(kind: str) -> None:
    """Retries look at Lambda's clock, in an authorizer of any kind."""
    SECONDS_LEFT.clear()
    make_app(kind)[1](authorizer_event(kind, "Bearer reader"), LambdaContext(1500))
    assert SECONDS_LEFT == [1.5]
    assert deadline.seconds_left() == float("inf")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ["Bearer reader", "Bearer reader"]},
        {"Authorization": ["Bearer reader"], "authorization": ["Bearer other"]},
    ],
)
def test_a_request_without_one_header_is_401(headers: dict[str, list[str]]) -> None:
    """Of two, nobody knows for which API Gateway remembers the answer."""
    sent = {name: values[-1] for name, values in headers.items()}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        make_app("request")[1]({**REQUEST, "headers": sent, "multiValueHeaders": headers}, LambdaContext())


def test_a_token_authorizer_is_chalices_own() -> None:
    """API Gateway remembers its answer for half the time that a revocation may take."""
    gate = make_app("token")[1]
    assert isinstance(gate, ChaliceAuthorizer)
    assert (gate.config.ttl_seconds, gate.config.header) == (30, "Authorization")


def test_a_user_pool_is_named_when_the_api_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """The data stack's outputs are not there at import; without them nothing is described."""
    gate = make_app("cognito")[1]
    assert isinstance(gate, CognitoUserPoolAuthorizer)
    with pytest.raises(ValueError, match="USER_POOL_ARN"):
        gate.to_swagger()
    monkeypatch.setenv("USER_POOL_ARN", POOL)
    described = gate.to_swagger()["x-amazon-apigateway-authorizer"]
    assert (described["providerARNs"], gate.scopes) == ([POOL], ["aws.cognito.signin.user.admin"])


@pytest.mark.parametrize("kind", ["request", "http"])
def test_another_kind_describes_itself(kind: str) -> None:
    """As it goes into the API's definition; Chalice deploys its function."""
    app, gate = make_app(kind)
    described = gate.to_swagger()["x-amazon-apigateway-authorizer"]
    assert (described["type"], described["authorizerResultTtlInSeconds"]) == ("request", 30)
    assert "${Gate.Arn}" in described["authorizerUri"]["Fn::Sub"]
    assert "gate" in app.handler_map


def call(app: Api, path: str, authorizer: dict[str, Any] | None, method: str = "GET") -> tuple[int, Any]:
    """Call an endpoint behind what an authorizer left in the event."""
    found = event(method, path, permissions=None)
    if authorizer is not None:
        found["requestContext"]["authorizer"] = authorizer
    answer = app(found, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def context(**others: str) -> dict[str, str]:
    """Return what our authorizer leaves in the event: API Gateway has made text of it all."""
    return {"principalId": "bob", "expires": str(FAR), "integrationLatency": "12", **others}


APP = make_app("token")[0]


@pytest.mark.parametrize(
    ("authorizer", "path", "method", "status"),
    [
        (None, "/things", "GET", 401),
        ({}, "/things", "GET", 401),
        ({"integrationLatency": "3"}, "/me", "GET", 401),
        ({"principalId": "bob", "grants": "*:*"}, "/me", "GET", 401),
        (context(grants=""), "/things", "GET", 403),
        (context(grants=""), "/me", "GET", 200),
        (context(grants="things:read"), "/things", "GET", 200),
        (context(grants="things:read"), "/things", "POST", 403),
        (context(grants="*:* -things:write"), "/things", "POST", 403),
        (context(grants="*:* -things:write"), "/things", "GET", 200),
        (context(grants="things:write:own"), "/things", "POST", 403),
        ({**context(grants="*:*"), "expires": str(int(time.time()) - 1)}, "/things", "GET", 401),
        ({**context(grants="*:*"), "expires": str(int(time.time()) - 1)}, "/me", "GET", 401),
        (context(grants="things:read"), "/fresh", "GET", 403),
        (context(), "/things", "GET", 200),
        (context(), "/things", "POST", 403),
        ({"claims": {"sub": "ada"}}, "/things", "GET", 200),
        ({"claims": {"sub": "ada"}}, "/things", "POST", 403),
    ],
)
def test_the_handler_decides_again(authorizer: dict[str, Any] | None, path: str, method: str, status: int) -> None:
    """By what it was handed, by its own reading where that is missing, by the clock; it trusts no gateway's policy."""
    assert call(APP, path, authorizer, method)[0] == status


@pytest.mark.parametrize(("grants", "told"), [("things:read:own", ["only own"]), ("things:read", [])])
def test_who_may_only_reach_their_own_is_confined(grants: str, told: list[str]) -> None:
    """The service is told; it is the one that knows whose a thing is."""
    assert call(APP, "/things", context(grants=grants)) == (200, {"principal": "bob", "grants": told, "denies": []})


def test_a_users_principal_is_never_a_service_tokens() -> None:
    """A user pool's subject is a user, whatever it says."""
    assert call(APP, "/me", {"claims": {"sub": "ada"}})[1]["principal"] == "user:ada"


@pytest.mark.parametrize("count", [0, 1, 50, 70, 71, 500])
def test_a_context_is_short_or_asks_for_a_reading(count: int) -> None:
    """What would not fit is left out, and what is handed over is what was decided."""
    grants = Grants(
        frozenset(f"some-resource-{'x' * (number % 7)}{chr(97 + number % 26)}:read" for number in range(count))
    )
    admission = Admission(principal="bob", grants=grants, token="t1", expires=FAR)
    sent = {name: str(value) for name, value in admission.context().items()}
    assert len(json.dumps(sent)) < LONGEST + 200
    caller = handed_over({"principalId": "bob", **sent}, asked)
    handed = grants if len(grants.text) <= LONGEST else parse("bob t1 False")
    assert caller == Caller("bob", handed, token="t1")


def asked(principal: str, token_id: str | None, *, fresh: bool = False) -> Grants:
    """Answer with what was asked."""
    return parse(f"{principal} {token_id} {fresh}")


def test_an_owned_endpoint_takes_its_caller() -> None:
    """Or `:own` would let everybody's things out."""
    with pytest.raises(TypeError, match="ctx"):

        @endpoint("things:read", owned=True)
        def get_thing(thing_id: str) -> None:
            """Return it to anyone."""
