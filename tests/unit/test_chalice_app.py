"""What the gateway reads of a Chalice app."""

from typing import Any

import pytest
from chalice.app import (
    Authorizer,
    Chalice,
    CognitoUserPoolAuthorizer,
    CORSConfig,
    CustomAuthorizer,
    IAMAuthorizer,
    Response,
)
from chalice.config import Config

from grail.localcloud import chalice_app, functions
from grail.localcloud.cors import Cors
from grail.localcloud.routes import (
    LambdaAuthorizer,
    Resource,
    Route,
    Source,
    Uncheckable,
    UserPool,
    UserPoolAuthorizer,
)

ARN = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_one"
INTRINSIC: Any = {"Fn::GetAtt": ["UserPool", "Arn"]}


class Described(Authorizer):
    """An authorizer that is known by its OpenAPI alone, as an app may make one."""

    def __init__(self, name: str, **details: Any) -> None:
        self.name = name
        self.scopes = []
        self._details = details

    def to_swagger(self) -> dict[str, Any]:
        """Return the security scheme."""
        scheme = {"in": "header", "type": "apiKey", "name": "X-Token"}
        return {**scheme, "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": self._details}


def app_with(authorizer: Any = None, **route: Any) -> Chalice:
    """Return an app with one route, an authorizer of its own and a plain function."""
    app = Chalice("test")

    @app.authorizer(header="X-Gate", ttl_seconds=7)
    def gate(_: Any) -> Any:
        """Say nothing."""

    @app.authorizer()
    def plain_gate(_: Any) -> Any:
        """Say nothing."""

    @app.lambda_function()
    def decide(event: Any, context: Any) -> Any:
        """Say what it was called with."""
        event["changed"] = True
        return event, context.get_remaining_time_in_millis(), context.memory_limit_in_mb

    chosen = {"gate": gate, "plain_gate": plain_gate}.get(authorizer, authorizer)

    @app.route("/things/{thing}", methods=["GET", "POST"], authorizer=chosen, **route)
    def things(thing: str) -> Response:
        """Answer."""
        return Response(thing)

    return app


def route(authorizer: Any, **more: Any) -> Route:
    """Return the app's route as the gateway has it."""
    (resource,) = chalice_app.resources(app_with(authorizer, **more))
    assert resource.routes["GET"] == resource.routes["POST"]
    return resource.routes["GET"]


def test_an_open_route() -> None:
    """Nothing is asked of its callers."""
    assert chalice_app.resources(app_with()) == [
        Resource(path="/things/{thing}", routes={"GET": Route(), "POST": Route()})
    ]


def test_a_key() -> None:
    """With an authorizer or without."""
    assert route(None, api_key_required=True) == Route(needs_key=True)
    assert route(IAMAuthorizer(), api_key_required=True) == Route(authorizer=Uncheckable(), needs_key=True)


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        ("gate", LambdaAuthorizer(function="gate", kind="TOKEN", sources=(Source("header", "X-Gate"),), ttl=7)),
        (
            "plain_gate",
            LambdaAuthorizer(
                function="plain_gate", kind="TOKEN", sources=(Source("header", "Authorization"),), ttl=300
            ),
        ),
        (
            Described("decide", type="token", authorizerResultTtlInSeconds=0),
            LambdaAuthorizer(function="decide", kind="TOKEN", sources=(Source("header", "X-Token"),), ttl=0),
        ),
        (
            Described("gate", type="token"),  # one function may be behind two authorizers
            LambdaAuthorizer(function="gate", kind="TOKEN", sources=(Source("header", "X-Token"),)),
        ),
        (
            CustomAuthorizer("decide", "arn", ttl_seconds=5, header="X-Other"),
            LambdaAuthorizer(function="decide", kind="TOKEN", sources=(Source("header", "X-Other"),), ttl=5),
        ),
        (
            Described("decide", type="request", identitySource="method.request.header.A,method.request.querystring.b"),
            LambdaAuthorizer(
                function="decide", kind="REQUEST", sources=(Source("header", "A"), Source("querystring", "b")), ttl=300
            ),
        ),
        (
            Described(
                "decide",
                type="request",
                identitySource="$request.header.A, stageVariables.x, $context.y",
                authorizerPayloadFormatVersion="2.0",
            ),
            LambdaAuthorizer(
                function="decide",
                kind="REQUEST",
                sources=(
                    Source("header", "A"),
                    Source("elsewhere", "stageVariables.x"),
                    Source("elsewhere", "$context.y"),
                ),
                payload="2.0",
            ),
        ),
        (Described("decide", type="request"), LambdaAuthorizer(function="decide", kind="REQUEST", sources=())),
        (
            CognitoUserPoolAuthorizer("pool", [ARN], header="X-Jwt"),
            UserPoolAuthorizer(header="X-Jwt", pools=(UserPool("eu-west-1", "eu-west-1_one"),)),
        ),
        (CognitoUserPoolAuthorizer("pool", [ARN, "arn"]), Uncheckable()),
        (CognitoUserPoolAuthorizer("pool", [INTRINSIC]), Uncheckable()),
        (CognitoUserPoolAuthorizer("pool", [ARN.replace("_one", "_one/")]), Uncheckable()),
        (CustomAuthorizer("elsewhere", "arn"), Uncheckable()),
        (CustomAuthorizer("things", "arn"), Uncheckable()),  # a view is no function of its own
        (Described("elsewhere", type="request"), Uncheckable()),
        (Described("decide", type="jwt"), Uncheckable()),
        (Described("decide"), Uncheckable()),
        (IAMAuthorizer(), Uncheckable()),
    ],
)
def test_an_authorizer(declared: Any, read: Any) -> None:
    """Chalice's own by its settings, any other by what it tells API Gateway; what can't be checked here is shut."""
    assert route(declared) == Route(authorizer=read)


def test_scopes() -> None:
    """A copy of an authorizer with scopes is the same authorizer."""
    pool = CognitoUserPoolAuthorizer("pool", [ARN], scopes=["a"])
    assert (route(pool).scopes, route(pool.with_scopes(["b", "c"])).scopes) == (("a",), ("b", "c"))


class Origins(CORSConfig):
    """A CORS configuration with several origins."""

    def __init__(self, *origins: str) -> None:
        super().__init__(allow_origin=origins[0])
        self.allow_origins = origins


def test_cors() -> None:
    """Chalice's own names one origin; `allow_origins` of a subclass names several, or all by one `*`."""
    one, two = "https://one.example", "https://two.example"
    configs = (CORSConfig(allow_origin=one), Origins(one, two), Origins(one), Origins(one, "*"))
    headers = configs[0].get_access_control_headers()
    assert [chalice_app.resources(app_with(cors=config))[0].cors for config in configs] == [
        Cors(headers=headers),
        Cors(headers=headers, origins=frozenset({one, two})),
        Cors(headers=headers, origins=frozenset({one})),
        Cors(headers={**headers, "Access-Control-Allow-Origin": "*"}),
    ]


def test_functions_are_called_as_they_are_configured() -> None:
    """By name, with an event of their own, and their own timeout and memory."""
    stages = {"dev": {"lambda_memory_size": 512, "lambda_functions": {"decide": {"lambda_timeout": 5}}}}
    disk = {"stages": stages, "lambda_functions": {"decide": {"lambda_memory_size": 256}}, "lambda_timeout": 30}
    invoke = functions.of_app(app_with(), Config("dev", config_from_disk=disk))
    sent = {"a": [1]}
    event, left, memory = invoke("decide", sent)
    assert (event, sent) == ({"a": [1], "changed": True}, {"a": [1]})
    assert (4000 < left <= 5000, memory) == (True, 512)  # as Chalice looks it up: the stage goes before the function
