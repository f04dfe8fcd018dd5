"""The local gateway before an app: what API Gateway does before any function."""

import json
from typing import Any

import pytest
from chalice.app import AuthResponse, Chalice, CognitoUserPoolAuthorizer, CORSConfig, IAMAuthorizer, Response

from grail.localcloud import chalice_app, policy
from grail.localcloud.calls import Stage
from grail.localcloud.exchange import Request
from grail.localcloud.gateway import Gateway
from tests.unit.event import LambdaContext

APP = Chalice("gateway-test")
CALLS: list[str] = []


@APP.authorizer(ttl_seconds=0)
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


APP.route("/parts/{part}/end", name="parts")(_echo)
APP.route("/key", name="key", api_key_required=True)(_echo)
APP.route("/iam", name="iam", authorizer=IAMAuthorizer())(_echo)
APP.route("/cognito", name="cognito", authorizer=CognitoUserPoolAuthorizer("pool", provider_arns=["arn"]))(_echo)


class Origins(CORSConfig):
    """A CORS configuration with several origins."""

    allow_origins = ("https://one.example", "https://two.example:8443")


APP.route("/origins", name="origins", cors=Origins(expose_headers=["ETag"]), api_key_required=True)(_echo)

ANSWERS: dict[str, dict[str, Any]] = {
    "/things/bytes": {"statusCode": 200, "body": "/wA=", "isBase64Encoded": True, "headers": None},
    "/things/cookies": {"statusCode": 200, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": None},
    "/things/nonsense": {"status": 200},
}
"""What the function answers at a path, where it is not the app."""


def invoke(name: str, event: dict[str, Any]) -> Any:
    """Call a function as Lambda does, with an event of its own."""
    if event.get("path") == "/things/broken":
        raise RuntimeError("broken")
    if event.get("path") in ANSWERS:
        return ANSWERS[event["path"]]
    function = APP if name == "api_handler" else APP.handler_map[name]
    return function(json.loads(json.dumps(event)), LambdaContext())


STAGE = Stage(name="api", region="us-east-1")
GATEWAY = Gateway(chalice_app.resources(APP), stage=STAGE, invoke=invoke, now=lambda: 1700000000.5)


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


def test_the_request_context_is_complete() -> None:
    """Every member that API Gateway documents is there, null where nothing is known."""
    sent = (("Host", "abc.example.com"), ("user-agent", "test"))
    context = send("GET", "/things/a", *sent)[2]["requestContext"]
    request_id, extended, resource = (context.pop(name) for name in ("requestId", "extendedRequestId", "resourceId"))
    unknown = (
        "accessKey accountId apiKey apiKeyId caller clientCert cognitoAuthenticationProvider cognitoAuthenticationType "
        "cognitoIdentityId cognitoIdentityPoolId principalOrgId user userArn vpcId vpceId"
    )
    assert context.pop("identity") == {
        **dict.fromkeys(unknown.split()),
        "sourceIp": "203.0.113.7",
        "userAgent": "test",
    }
    assert context == {
        "accountId": "123456789012",
        "apiId": "local",
        "domainName": "abc.example.com",
        "domainPrefix": "abc",
        "httpMethod": "GET",
        "path": "/things/a",
        "protocol": "HTTP/1.1",
        "requestTime": "14/Nov/2023:22:13:20 +0000",
        "requestTimeEpoch": 1700000000500,
        "resourcePath": "/things/{thing}",
        "stage": "api",
    }
    again = send("GET", "/things/b")[2]["requestContext"]
    assert (again["resourceId"], again["requestId"] == request_id) == (resource, False)
    assert extended not in {"", request_id, again["extendedRequestId"]}


def test_bytes_that_are_no_text_are_encoded() -> None:
    """An event is JSON, so what is no UTF-8 comes as base64."""
    event = send("POST", "/things/a", body=b"\xff")[2]
    assert (event["body"], event["isBase64Encoded"]) == ("/w==", True)


@pytest.mark.parametrize(
    "target", ["/nothing", "/things", "/things/a/b", "//things/a", "/things/", "/things//", "/parts//end", "/", ""]
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
    status, headers, body = send("GET", "/things/broken")
    assert (status, "broken" in json.dumps([headers, body])) == (502, False)


def test_bytes_are_sent_as_bytes() -> None:
    """A function answers them as base64, as an event is JSON."""
    answer = GATEWAY.handle(Request("GET", "/things/bytes", (), b"", "203.0.113.7"))
    assert answer == (200, [], b"\xff\x00")


def test_a_repeated_header_is_sent_repeatedly() -> None:
    """As of cookies; and no body is an empty one."""
    answer = GATEWAY.handle(Request("GET", "/things/cookies", (), b"", "203.0.113.7"))
    assert answer == (200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"")


def test_an_answer_that_is_none_is_502() -> None:
    """API Gateway calls it a malformed proxy response."""
    assert send("GET", "/things/nonsense")[0] == 502


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 200), ("GET", 403), ("DELETE", 405)])
@pytest.mark.parametrize("origin", ["https://one.example", "https://two.example:8443"])
def test_of_several_origins_the_callers_is_named(method: str, status: int, origin: str) -> None:
    """In preflights and in the gateway's own errors; a cache must tell the answers apart."""
    found, headers, _ = send(method, "/origins", ("origin", origin))
    assert (found, headers["Access-Control-Allow-Origin"], headers["Vary"]) == (status, origin, "Origin")
    assert headers["Access-Control-Expose-Headers"] == "ETag"


@pytest.mark.parametrize("method", ["OPTIONS", "GET", "DELETE"])
@pytest.mark.parametrize(
    "headers", [(), (("Origin", "https://two.example"),), (("Origin", "null"),), (("Origin", "HTTPS://ONE.EXAMPLE"),)]
)
def test_an_unknown_origin_is_not_named(method: str, headers: tuple[tuple[str, str], ...]) -> None:
    """Not as `*` either; its browser shows the answer to nobody."""
    found = send(method, "/origins", *headers)[1]
    assert "Access-Control-Allow-Origin" not in found
    assert found["Vary"] == "Origin"


def test_one_origin_is_always_named() -> None:
    """Whoever asks: the answer is the same for all, and needs no Vary."""
    headers = send("DELETE", "/things/a", ("Origin", "https://else.example"))[1]
    assert (headers["Access-Control-Allow-Origin"], "Vary" in headers) == ("https://example.com", False)


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


def test_an_unknown_path_has_cors_too() -> None:
    """A gateway response is the whole API's; without it a browser would not show the answer."""
    assert send("GET", "/nothing")[1]["Access-Control-Allow-Origin"] == "https://example.com"


def test_a_trailing_slash_is_no_other_path_to_a_policy() -> None:
    """Which names the route without one."""
    assert send("GET", "/secret/", ("Authorization", "good"))[0] == 200


def test_a_policy_is_evaluated_in_time_that_grows_with_the_path() -> None:
    """Stars and near misses all over do not multiply."""
    statement = {"Effect": "Allow", "Action": "*", "Resource": "arn:" + "*:" * 50 + "end"}
    long = "arn:" + ":" * 100_000
    assert not policy.allows({"Statement": statement}, action="a:b", resource=long)
    assert policy.allows({"Statement": statement}, action="a:b", resource=long + "end")
