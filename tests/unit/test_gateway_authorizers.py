"""Authorizers: what they are asked, how long their answer holds, and who is let in."""

import json
from typing import Any

import pytest

from grail.localcloud.calls import Stage
from grail.localcloud.decisions import _MOST
from grail.localcloud.exchange import Request
from grail.localcloud.gateway import Gateway
from grail.localcloud.routes import LambdaAuthorizer, Resource, Route, Source, Uncheckable, UserPoolAuthorizer

TOKEN = LambdaAuthorizer(function="gate", kind="TOKEN", sources=(Source("header", "Authorization"),), ttl=60)
KEYED = LambdaAuthorizer(
    function="gate", kind="REQUEST", sources=(Source("header", "X-User"), Source("querystring", "tenant")), ttl=60
)
ARN = "arn:aws:execute-api:us-east-1:123456789012:local/api"
SENT = (("Host", "api.example.com"), ("X-User", "ada"), ("Cookie", "a=1; b=2"), ("X-Many", "1"), ("x-many", "2"))


def allowing(*resources: str, **more: Any) -> dict[str, Any]:
    """Return an authorizer's answer that allows some resources."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": list(resources)}
    return {"principalId": "ada", "policyDocument": {"Statement": [statement]}, **more}


class World:
    """A gateway before two paths with one authorizer, its clock, and what the functions were asked."""

    def __init__(self, authorizer: Any, answer: Any = None) -> None:
        self.now = 1700000000.0
        self.answer = allowing("*") if answer is None else answer
        self.asked: list[dict[str, Any]] = []
        routes = {"GET": Route(authorizer=authorizer), "POST": Route(authorizer=authorizer)}
        resources = [Resource(path=path, routes=routes) for path in ("/a/{b}", "/c")]
        stage = Stage(name="api", region="us-east-1")
        self.gateway = Gateway(resources, stage=stage, invoke=self.invoke, now=lambda: self.now)

    def invoke(self, name: str, event: dict[str, Any]) -> Any:
        """Answer as the function of a name does."""
        if name == "api_handler":
            body = json.dumps(event)
            event["requestContext"].get("authorizer", {}).clear()  # it may do with it what it likes
            return {"statusCode": 200, "body": body}
        assert name == "gate"
        self.asked.append(json.loads(json.dumps(event)))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def send(self, target: str = "/c", *headers: tuple[str, str], method: str = "GET") -> tuple[int, Any]:
        """Send a request; return the status, and the authorizer's part of the function's event or the problem."""
        answer = self.gateway.handle(Request(method, target, headers, b"", "203.0.113.7"))
        body = json.loads(answer.body)
        return answer.status, body["requestContext"].get("authorizer") if answer.status == 200 else body

    def get(self, token: str, target: str = "/c") -> int:
        """Send a request with a token; return the status."""
        return self.send(target, ("Authorization", token))[0]


# What they are asked


def test_a_token_authorizer_is_asked_about_the_token() -> None:
    """And about the method's ARN, with the path as it was sent."""
    world = World(TOKEN)
    assert world.send("/a/x%2Fy?z=1", ("authorization", "Bearer t"), method="POST") == (200, {"principalId": "ada"})
    assert world.asked == [
        {"type": "TOKEN", "authorizationToken": "Bearer t", "methodArn": f"{ARN}/POST/a/x%2Fy"},
    ]


def test_a_request_authorizer_is_asked_about_the_request() -> None:
    """In the documented members, which are empty maps where there is nothing."""
    world = World(KEYED)
    assert world.send("/a/x?tenant=t&q=1&q=2", *SENT)[0] == 200
    assert world.send("/c?tenant=t", ("X-User", "eve"))[0] == 200
    asked, bare = world.asked
    context = asked.pop("requestContext")
    assert asked == {
        "type": "REQUEST",
        "methodArn": f"{ARN}/GET/a/x",
        "resource": "/a/{b}",
        "path": "/a/x",
        "httpMethod": "GET",
        "headers": dict(SENT),
        "multiValueHeaders": {name: [value] for name, value in SENT},
        "queryStringParameters": {"tenant": "t", "q": "2"},
        "multiValueQueryStringParameters": {"tenant": ["t"], "q": ["1", "2"]},
        "pathParameters": {"b": "x"},
        "stageVariables": {},
    }
    documented = {"path", "accountId", "resourceId", "stage", "requestId", "resourcePath", "httpMethod", "apiId"}
    assert documented <= set(context)
    assert context["identity"]["sourceIp"] == "203.0.113.7"
    assert (context["identity"]["apiKey"], bare["pathParameters"]) == (None, {})


def test_an_http_apis_authorizer_is_asked_in_its_own_format() -> None:
    """Payload 2.0: lower-cased headers, repeated values joined, cookies apart, empty members left out."""
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=KEYED.sources, payload="2.0"))
    assert world.send("/a/x?tenant=t&q=1&q=2", *SENT)[0] == 200
    assert world.send("/c?tenant=t", ("X-User", "eve"))[0] == 200
    asked, bare = world.asked
    assert asked.pop("requestContext").pop("requestId")
    assert asked == {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": f"{ARN}/GET/a/x",
        "identitySource": ["ada", "t"],
        "routeKey": "GET /a/{b}",
        "rawPath": "/a/x",
        "rawQueryString": "tenant=t&q=1&q=2",
        "cookies": ["a=1", "b=2"],
        "headers": {"host": "api.example.com", "x-user": "ada", "x-many": "1,2"},
        "queryStringParameters": {"tenant": "t", "q": "1,2"},
        "pathParameters": {"b": "x"},
    }
    assert not {"cookies", "pathParameters", "stageVariables"} & set(bare)
    bare["requestContext"].pop("requestId")
    assert bare["requestContext"] == {
        "accountId": "123456789012",
        "apiId": "local",
        "authentication": None,
        "domainName": "localhost",
        "domainPrefix": "localhost",
        "http": {
            "method": "GET",
            "path": "/c",
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "",
        },
        "routeKey": "GET /c",
        "stage": "api",
        "time": "14/Nov/2023:22:13:20 +0000",
        "timeEpoch": 1700000000000,
    }


def test_payload_1_0_of_an_http_api_is_a_rest_apis_and_more() -> None:
    """The identity sources as one text, twice."""
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=KEYED.sources, payload="1.0"))
    assert world.send("/c?tenant=t", *SENT)[0] == 200
    asked = world.asked[0]
    assert (asked["version"], asked["identitySource"], asked["authorizationToken"]) == ("1.0", "ada,t", "ada,t")
    assert (asked["type"], asked["methodArn"], asked["resource"]) == ("REQUEST", f"{ARN}/GET/c", "/c")


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/c?tenant=t", ()),
        ("/c?tenant=t", (("X-User", ""),)),
        ("/c", SENT),
        ("/c?tenant=", SENT),
        ("/c?Tenant=t", SENT),
    ],
)
def test_without_every_identity_source_nobody_is_asked(target: str, headers: tuple[tuple[str, str], ...]) -> None:
    """A missing or empty one is 401; a query parameter's name has its case."""
    world = World(KEYED)
    assert (world.send(target, *headers)[0], world.asked) == (401, [])


def test_an_identity_source_that_is_not_known_is_missing() -> None:
    """Stage variables and context: there are none here."""
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=(Source("elsewhere", "context.x"),)))
    assert (world.send()[0], world.asked) == (401, [])


def test_of_a_repeated_identity_source_the_last_counts() -> None:
    """As in the event's single values."""
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=KEYED.sources, payload="2.0"))
    assert world.send("/c?tenant=s&tenant=t", ("X-User", "eve"), ("x-user", "ada"))[0] == 200
    assert world.asked[0]["identitySource"] == ["ada", "t"]


def test_without_identity_sources_everybody_is_asked_about() -> None:
    """Nothing tells callers apart, so that no answer can be kept."""
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=(), ttl=300))
    assert [world.send()[0], world.send()[0], len(world.asked)] == [200, 200, 2]


# What they answer


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"isAuthorized": True, "context": {"n": 1}}, 200),
        ({"isAuthorized": False}, 403),
        ({"isAuthorized": "true"}, 403),
        ({"isAuthorized": True, "context": {"map": {}}}, 503),
        (allowing("*"), 200),
        (allowing(f"{ARN}/POST/c"), 403),
        ({}, 503),
    ],
)
def test_an_http_apis_authorizer_may_answer_simply(answer: dict[str, Any], status: int) -> None:
    """By `isAuthorized`, or by a policy."""
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=(), payload="2.0"), answer)
    assert world.send()[0] == status


def test_a_simple_answers_context_reaches_the_function() -> None:
    """It has no principal."""
    simple = {"isAuthorized": True, "context": {"n": 1, "yes": True}}
    world = World(LambdaAuthorizer(function="gate", kind="REQUEST", sources=(), payload="2.0"), simple)
    assert world.send() == (200, {"n": "1", "yes": "true"})


@pytest.mark.parametrize(
    "answer",
    [
        {"isAuthorized": True},
        allowing("*", principalId=""),
        allowing("*", principalId=None),
        {"policyDocument": allowing("*")["policyDocument"]},
        {"principalId": "ada"},
        allowing("*", policyDocument=[]),
        allowing("*", context={"none": None}),
        "text",
        RuntimeError("Unauthorized, or so"),
    ],
)
def test_what_a_rest_api_can_not_read_is_the_authorizers_failure(answer: Any) -> None:
    """AWS: AuthorizerConfigurationException, AuthorizerFailureException."""
    assert World(TOKEN, answer).get("t") == 503


def test_a_usage_identifier_does_no_harm() -> None:
    """Keys come in a header here."""
    assert World(TOKEN, allowing("*", usageIdentifierKey="key")).get("t") == 200


# How long an answer holds


def test_an_answer_is_kept_for_its_time() -> None:
    """To the very second, counted from when it was given."""
    world = World(TOKEN)
    statuses = []
    for seconds in (0, 30, 29.9, 0.1, 1):
        world.now += seconds
        statuses.append((world.get("t"), len(world.asked)))
    assert statuses == [(200, 1), (200, 1), (200, 1), (200, 2), (200, 2)]


def test_an_answer_holds_on_every_route() -> None:
    """The policy is kept, not its outcome: one answer allows here and denies there (the classic trap)."""
    world = World(TOKEN, allowing(f"{ARN}/GET/c"))
    assert [world.get("t", "/c"), world.get("t", "/a/x"), world.get("t", "/c")] == [200, 403, 200]
    assert len(world.asked) == 1


def test_another_token_is_another_question() -> None:
    """Each caller has its own answer."""
    world = World(TOKEN)
    world.get("one")
    world.answer = allowing("nothing")
    assert (world.get("two"), world.get("one"), len(world.asked)) == (403, 200, 2)


@pytest.mark.parametrize(
    ("target", "user", "asked"), [("/a/y?tenant=t&z=9", "ada", 1), ("/c?tenant=u", "ada", 2), ("/c?tenant=t", "eve", 2)]
)
def test_a_request_authorizers_answer_is_kept_by_its_identity_sources(target: str, user: str, asked: int) -> None:
    """By all of them together, and by nothing else of the request."""
    world = World(KEYED)
    world.send("/c?tenant=t", ("X-User", "ada"))
    world.send(target, ("X-User", user))
    assert len(world.asked) == asked


def test_a_deny_is_kept() -> None:
    """It is an answer like others."""
    world = World(TOKEN, allowing("nothing"))
    assert world.get("t") == 403
    world.answer = allowing("*")
    assert (world.get("t"), len(world.asked)) == (403, 1)


@pytest.mark.parametrize(
    ("failure", "status"), [(Exception("Unauthorized"), 401), (RuntimeError("broken"), 503), ({}, 503)]
)
def test_a_failure_is_not_kept(failure: Any, status: int) -> None:
    """The next call asks again."""
    world = World(TOKEN, failure)
    assert world.get("t") == status
    world.answer = allowing("*")
    assert (world.get("t"), len(world.asked)) == (200, 2)


def test_a_policy_that_can_not_be_evaluated_is_not_kept() -> None:
    """It is a failure, if a late one."""
    world = World(TOKEN, allowing("*", policyDocument={"Statement": [{"Action": "*", "Resource": "*"}]}))
    assert [world.get("t"), world.get("t"), len(world.asked)] == [503, 503, 2]


def test_without_a_time_every_call_is_asked_about() -> None:
    """TTL 0 turns it off."""
    world = World(LambdaAuthorizer(function="gate", kind="TOKEN", sources=TOKEN.sources, ttl=0))
    assert [world.get("t"), world.get("t"), len(world.asked)] == [200, 200, 2]


def test_what_the_function_does_to_its_event_stays_there() -> None:
    """The next call has the context as it was answered."""
    world = World(TOKEN, allowing("*", context={"role": "viewer"}))
    told = [world.send("/c", ("Authorization", "t")) for _ in range(2)]
    assert told == [(200, {"role": "viewer", "principalId": "ada"})] * 2


def test_what_is_kept_has_a_bound() -> None:
    """The oldest goes first."""
    world = World(TOKEN)
    for number in range(_MOST + 1):
        world.get(f"token {number}")
    assert len(world.asked) == _MOST + 1
    world.get("token 1")
    assert len(world.asked) == _MOST + 1
    world.get("token 0")
    assert len(world.asked) == _MOST + 2


@pytest.mark.parametrize("authorizer", [Uncheckable(), UserPoolAuthorizer(header="Authorization", pools=())])
def test_what_can_not_be_checked_stays_shut(authorizer: Any) -> None:
    """IAM; a function that is not the app's; user pools where there are no keys."""
    assert World(authorizer).get("t") == 403
