"""The local gateway: what API Gateway does before any function."""

import json
from typing import Any

import pytest
from chalice.app import AuthResponse, Chalice, CognitoUserPoolAuthorizer, CORSConfig, IAMAuthorizer, Response

from grail.localcloud import policy
from grail.localcloud.gateway import Gateway, Request
from tests.unit.event import LambdaContext

APP = Chalice("gateway-test")
CALLS: list[str] = []


@APP.authorizer()
def gate(request: Any) -> Any:
    """Decide by the token's text."""
    CALLS.append(request.token)
    match request.token:
        case "unauthorized":
            raise Exception("Unauthorized")  # noqa: TRY002 - API Gateway's rule
        case "broken":
            raise RuntimeError("broken")
        case "nothing":
            return None
        case "no paths":
            return AuthResponse(routes=[], principal_id="p")
        case "bad context":
            return {"principalId": "p", "policyDocument": _document("Allow"), "context": {"list": []}}
        case "denied":
            statements = _document("Allow")["Statement"] + _document("Deny")["Statement"]
            return {"principalId": "p", "policyDocument": {"Statement": statements}}
    context = {"text": "t", "number": 1, "yes": True}
    return {"principalId": "p", "policyDocument": _document("Allow"), "context": context}


def _document(effect: str) -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": "execute-api:Invoke", "Resource": "arn:*/GET/secret"}]}


def _echo() -> Response:
    return Response(json.dumps(APP.current_request.to_original_event()))  # type: ignore[union-attr]


CORS = CORSConfig(allow_origin="https://example.com", max_age=5)


@APP.route("/things/{thing}", methods=["GET", "POST"], cors=CORS, content_types=["*/*"])
def things(thing: str) -> Response:
    """Echo."""
    return _echo() if thing else Response("")


@APP.route("/things/fixed")
def fixed() -> dict[str, str]:
    """Tell the fixed path from the parameter."""
    return {"fixed": "yes"}


@APP.route("/secret", authorizer=gate, cors=CORS)
def secret() -> Response:
    """Echo to who is let in."""
    return _echo()


APP.route("/key", name="key", api_key_required=True)(_echo)
APP.route("/iam", name="iam", authorizer=IAMAuthorizer())(_echo)
APP.route("/cognito", name="cognito", authorizer=CognitoUserPoolAuthorizer("pool", provider_arns=["arn"]))(_echo)


def invoke(function: Any, event: dict[str, Any]) -> Any:
    """Call a function as Lambda does, with an event of its own."""
    if event.get("path") == "/things/broken":
        raise RuntimeError("broken")
    return function(json.loads(json.dumps(event)), LambdaContext())


GATEWAY = Gateway(APP, stage="api", region="us-east-1", invoke=invoke)


def send(method: str, target: str, *headers: tuple[str, str], body: bytes = b"") -> tuple[int, dict[str, str], Any]:
    """Send a request; return status, headers and the JSON body."""
    answer = GATEWAY.handle(Request(method, target, headers, body, "203.0.113.7"))
    return answer.status, dict(answer.headers), json.loads(answer.body) if answer.body else None


def test_the_event_is_api_gateways() -> None:
    """Path, query, headers and body are where the function looks for them, repeated ones too."""
    headers = (("Content-Type", "text/plain"), ("X-Many", "1"), ("X-Many", "2"))
    status, _, event = send("POST", "/things/a%20b?x=1&x=2&y=", *headers, body="é".encode())
    assert status == 200
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/things/{thing}", "/things/a%20b", "POST")
    assert event["pathParameters"] == {"thing": "a%20b"}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert (event["headers"]["X-Many"], event["multiValueHeaders"]["X-Many"]) == ("2", ["1", "2"])
    assert (event["body"], event["isBase64Encoded"], event["stageVariables"]) == ("é", False, None)
    assert event["requestContext"]["identity"]["sourceIp"] == "203.0.113.7"
    assert event["requestContext"]["resourcePath"] == "/things/{thing}"


def test_bytes_that_are_no_text_are_encoded() -> None:
    """An event is JSON, so what is no UTF-8 comes as base64."""
    event = send("POST", "/things/a", body=b"\xff")[2]
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


@pytest.mark.parametrize(
    "target", ["/nothing", "/things", "/things/a/b", "//things/a", "/things/", "/things//", "/", ""]
)
def test_an_unknown_path_is_404(target: str) -> None:
    """And nothing of the request is echoed."""
    status, headers, body = send("GET", target, ("Authorization", "secret"))
    assert (status, body["status"], headers["Content-Type"]) == (404, 404, "application/problem+json")
    assert "secret" not in json.dumps(body)


@pytest.mark.parametrize("target", ["/things/fixed", "/things/fixed/"])
def test_a_fixed_path_goes_before_a_parameter(target: str) -> None:
    """A trailing slash does not count."""
    assert send("GET", target)[2] == {"fixed": "yes"}


def test_an_encoded_slash_is_no_separator() -> None:
    """It belongs to the parameter."""
    assert send("GET", "/things/a%2Fb")[2]["pathParameters"] == {"thing": "a%2Fb"}


@pytest.mark.parametrize("method", ["DELETE", "HEAD", "TRACE", "get", "NONSENSE"])
def test_an_unknown_method_is_405_with_allow(method: str) -> None:
    """With CORS headers, so that a browser may read it."""
    status, headers, _ = send(method, "/things/a")
    assert (status, headers["Allow"]) == (405, "GET, POST")
    assert headers["Access-Control-Allow-Origin"] == "https://example.com"


def test_a_preflight_is_answered_without_the_function() -> None:
    """Where CORS is on; where it is off, OPTIONS is a method like others."""
    status, headers, _ = send("OPTIONS", "/things/a")
    assert (status, headers["Access-Control-Allow-Methods"]) == (200, "GET,POST,OPTIONS")
    assert headers["Access-Control-Max-Age"] == "5"
    assert send("OPTIONS", "/things/fixed")[0] == 405


@pytest.mark.parametrize(
    ("token", "status"),
    [
        ("good", 200),
        ("unauthorized", 401),
        ("no paths", 403),
        ("denied", 403),
        ("broken", 503),
        ("nothing", 503),
        ("bad context", 503),
    ],
)
def test_the_authorizer_decides(token: str, status: int) -> None:
    """By its policy, where a deny wins; by its one message for 401; anything else is its failure."""
    found, headers, body = send("GET", "/secret", ("authorization", token))
    assert (found, headers["Access-Control-Allow-Origin"]) == (status, "https://example.com")
    assert status == 200 or body["status"] == status
    assert status != 401 or headers["WWW-Authenticate"] == "Bearer"
    assert status != 503 or headers["Retry-After"] == "1"


@pytest.mark.parametrize("headers", [(), (("Authorization", ""),)])
def test_without_a_credential_the_authorizer_is_not_asked(headers: tuple[tuple[str, str], ...]) -> None:
    """The identity source is missing: 401, and no function runs."""
    CALLS.clear()
    assert send("GET", "/secret", *headers)[0] == 401
    assert CALLS == []


def test_the_authorizers_context_reaches_the_function_as_text() -> None:
    """API Gateway makes text of numbers and booleans."""
    context = send("GET", "/secret", ("Authorization", "good"))[2]["requestContext"]["authorizer"]
    assert context == {"principalId": "p", "text": "t", "number": "1", "yes": "true"}


@pytest.mark.parametrize("target", ["/key", "/iam", "/cognito"])
def test_a_gate_that_can_not_be_checked_stays_shut(target: str) -> None:
    """Chalice's own local server answers 200 here."""
    assert send("GET", target)[0] == 403


def test_a_function_that_fails_is_502() -> None:
    """With nothing of the failure in it."""
    status, _, body = send("GET", "/things/broken")
    assert (status, "broken" in json.dumps(body)) == (502, False)


def test_the_gateways_own_answers_have_a_request_id() -> None:
    """Each its own."""
    assert len({send("GET", "/nothing")[1]["X-Request-Id"] for _ in range(3)}) == 3


# IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements: Resource"

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:x/GET/a/b"}], True),
        ([{"Effect": "Allow", "Action": "execute-api:*", "Resource": "*"}], True),
        ([{"Effect": "Allow", "Action": "EXECUTE-API:invoke", "Resource": "arn:x/GET/*"}], True),
        ([{"Effect": "Allow", "Action": ["s3:*", "execute-api:I*"], "Resource": ["no", "arn:x/*/a/?"]}], True),
        ([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "ARN:x/GET/a/b"}], False),
        ([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}], False),
        ([{"Effect": "Allow", "Action": "*", "Resource": "arn:x/GET/a"}], False),
        ([{"Effect": "Allow", "Action": "*", "Resource": "arn.x/GET/a/b"}], False),
        ([ALL, {"Effect": "Deny", "Action": "*", "Resource": "*/b"}], False),
        ([ALL, {"Effect": "Deny", "Action": "*", "Resource": "*/c"}], True),
    ],
)
def test_a_policy_is_evaluated(statements: list[dict[str, Any]], *, allowed: bool) -> None:
    """An explicit deny wins, no match is a deny, `*` spans `/`, resources have case and actions have none."""
    assert policy.allows({"Statement": statements}, action="execute-api:Invoke", resource="arn:x/GET/a/b") is allowed
