"""The gateway's part of the template, made of what an app declares."""

import json
from typing import Any

import pytest
from chalice.app import Chalice, CORSConfig

from app import app
from chalicelib.access import gates
from chalicelib.models.admission import Admission
from chalicelib.settings import Settings as AppSettings
from chalicelib.web import openapi
from chalicelib.web.api import Api
from chalicelib.web.cors import Cors
from chalicelib.web.endpoint import authenticated, endpoint
from grail.errors import GrailError
from grail.localcloud import chalice_app
from grail.stack import answers, gateway, origins
from grail.stack.gateway_responses import RESPONSES
from grail.stack.settings import Settings
from tests.velocity import render

POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc"
ORIGIN = "Access-Control-Allow-Origin"
MANY = ("https://a.example", "https://b.example", "https://c.example")


def plain(cors: CORSConfig | None = None) -> Chalice:
    """Return an app that knows nothing of this blueprint."""
    made = Chalice("shop", configure_logs=False)

    @made.route("/things/{name}", methods=["GET", "PUT"], cors=cors)
    def thing(name: str) -> dict[str, str]:
        """Return a thing."""
        return {"name": name}

    return made


def guarded(kind: str) -> Api:
    """Return an app with a stage's kind of authorizer."""
    made = Api("shop")

    @gates.authorizer(made, AppSettings.read({"AUTHORIZER": kind}))
    def gate(authorization: str) -> Admission:
        raise NotImplementedError(authorization)

    @made.route("/inbox", methods=["POST"], authorizer=gate)
    @endpoint(authenticated)
    def take() -> None:
        """Take it."""

    return made


def resources(declared: Chalice, **others: Any) -> dict[str, Any]:
    """Return an app's resources."""
    found = {"app": "shop", "stage": "prod", "document": {}} | others
    return gateway.resources(chalice_app.resources(declared), **found)


def body(made: dict[str, Any]) -> dict[str, Any]:
    """Return the API's definition."""
    definition: dict[str, Any] = made["RestAPI"]["Properties"]["DefinitionBody"]
    return definition


DEFINITION = body(resources(app, document=openapi.describe(app)))


def test_any_chalice_app_has_a_gateway() -> None:
    """With no endpoint metadata, no document and no CORS: its paths, 405, and answers as problems."""
    made = resources(plain())
    path = body(made)["paths"]["/things/{name}"]
    assert set(path) == {"get", "put", "x-amazon-apigateway-any-method"}
    assert body(made)["definitions"] == {"Problem": answers.PROBLEM}
    assert set(made) == {"RestAPI", "ApiAccessLog"}


@pytest.mark.parametrize(("name", "answer"), body(resources(plain(CORSConfig(allow_origin="https://a.example"))))[
    "x-amazon-apigateway-gateway-responses"
].items())  # fmt: skip
def test_the_gateways_own_answers_are_problems(name: str, answer: dict[str, Any]) -> None:
    """Each with CORS and the request's id, none with anything of the request or of its fault."""
    mapped = {key.rpartition(".")[2]: value for key, value in answer["responseParameters"].items()}
    assert mapped["Content-Type"] == "'application/problem+json'"
    assert (mapped[ORIGIN], mapped["X-Request-Id"]) == ("'https://a.example'", "context.requestId")
    [text] = answer["responseTemplates"].values()
    assert "$" not in text
    problem = json.loads(text)
    assert problem.get("status") == answer.get("statusCode")
    assert ("status" in problem) == (not name.startswith("DEFAULT_"))
    assert {f"'{value}'" for value in RESPONSES[name].headers.values()} <= set(mapped.values())


def test_every_type_of_gateway_response_has_its_words() -> None:
    """All that API Gateway documents (Developer Guide, "Gateway response types")."""
    assert set(DEFINITION["x-amazon-apigateway-gateway-responses"]) == {
        "ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE",
        "BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN",
        "INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "THROTTLED",
        "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
    }  # fmt: skip
    assert DEFINITION["x-amazon-apigateway-gateway-responses"]["MISSING_AUTHENTICATION_TOKEN"]["statusCode"] == 404


@pytest.mark.parametrize("path", DEFINITION["paths"])
def test_a_method_that_is_not_there_is_405(path: str) -> None:
    """With Allow and CORS, whatever media type was sent; every header that is set is declared."""
    found = DEFINITION["paths"][path]["x-amazon-apigateway-any-method"]
    integration = found["x-amazon-apigateway-integration"]
    assert (integration["type"], integration["passthroughBehavior"]) == ("mock", "never")
    assert {json.loads(text)["statusCode"] for text in integration["requestTemplates"].values()} == {405}
    answer = integration["responses"]["default"]
    mapped = {key.rpartition(".")[2]: value for key, value in answer["responseParameters"].items()}
    assert mapped["Allow"] == f"'{', '.join(sorted(app.routes[path]))}'"
    assert (ORIGIN in mapped) == (app.routes[path][next(iter(app.routes[path]))].cors is not None)
    assert set(mapped) == set(found["responses"]["405"]["headers"])
    assert json.loads(render(answer["responseTemplates"]["application/json"]).text)["status"] == 405


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({}, "https://a.example"),
        ({"Origin": "https://a.example"}, "https://a.example"),
        ({"Origin": "https://b.example"}, "https://b.example"),
        ({"origin": "https://c.example"}, "https://c.example"),
        ({"Origin": "https://d.example"}, "https://a.example"),
        ({"Origin": "https://b.example.evil.example"}, "https://a.example"),
    ],
)
def test_of_several_origins_the_callers_is_named(headers: dict[str, str], named: str) -> None:
    """In preflights and 405s, with Vary; a stranger is told of another origin, which its browser takes for a no."""
    path = body(resources(plain(Cors(MANY))))["paths"]["/things/{name}"]
    for method in ("options", "x-amazon-apigateway-any-method"):
        answer = path[method]["x-amazon-apigateway-integration"]["responses"]["default"]
        constant = answer["responseParameters"]
        found = render(answer["responseTemplates"]["application/json"], headers=headers).headers
        assert found.get(ORIGIN, constant[f"method.response.header.{ORIGIN}"].strip("'")) == named
        assert constant["method.response.header.Vary"] == "'Origin'"


@pytest.mark.parametrize(
    ("cors", "named"),
    [
        (CORSConfig(allow_origin="https://a.example"), "https://a.example"),
        (Cors(["https://a.example"]), "https://a.example"),
        (Cors(["*"]), "*"),
        (Cors(MANY), "*"),
        (Cors(MANY, allow_credentials=True), "https://a.example"),
        (None, None),
    ],
)
def test_a_gateway_response_names_one_origin_or_all(cors: CORSConfig | None, named: str | None) -> None:
    """It can't tell callers apart; never `*` for pages that send credentials."""
    [resource] = chalice_app.resources(plain(cors))
    assert origins.constant_headers(resource.cors).get(ORIGIN) == named


def test_every_body_has_its_model_and_every_answer() -> None:
    """Each model that is referred to is there; a body is demanded, for each media type that the route takes."""
    text = json.dumps(DEFINITION)
    named = {part.split('"')[0] for part in text.split("#/definitions/")[1:]}
    assert named <= set(DEFINITION["definitions"])
    assert DEFINITION["x-amazon-apigateway-request-validator"] in DEFINITION["x-amazon-apigateway-request-validators"]
    for (path, method), operation in app.operations.items():
        described = DEFINITION["paths"][path][method.lower()]
        bodies = [parameter for parameter in described["parameters"] if parameter["in"] == "body"]
        model = operation.endpoint.body
        assert [one["schema"]["$ref"] for one in bodies] == ([f"#/definitions/{model.__name__}"] if model else [])
        assert described.get("consumes", []) == (list(operation.endpoint.media_types) if model else [])
        assert str(int(operation.endpoint.status)) in described["responses"]


def test_a_parameter_that_may_be_blank_is_not_demanded() -> None:
    """API Gateway takes a blank one for missing, and the handler does not."""
    schemas = {"text": {"type": "string"}, "some": {"type": "string", "minLength": 1}, "number": {"type": "integer"}}
    parameters = [{"name": name, "in": "query", "required": True, "schema": one} for name, one in schemas.items()]
    document = {"paths": {"/things/{name}": {"get": {"parameters": parameters}}}}
    found = body(resources(plain(), document=document))["paths"]["/things/{name}"]["get"]["parameters"]
    assert {one["name"]: one["required"] for one in found} == {"text": False, "some": True, "number": True}


@pytest.mark.parametrize(
    ("kind", "ours", "caller"),
    [
        ("token", {"InBoxSenderRole"}, "$context.authorizer.principalId"),
        ("request", {"InBoxSenderRole", "GateInvokePermission"}, "$context.authorizer.principalId"),
        ("cognito", set(), "$context.authorizer.claims.sub"),
    ],
)
def test_each_kind_of_authorizer(kind: str, ours: set[str], caller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chalice lets API Gateway call its own; one of another kind is let here. Only a function makes a direct route."""
    monkeypatch.setenv("USER_POOL_ARN", POOL)
    declared = guarded(kind)
    functions = [function.name for function in declared.pure_lambda_functions]
    made = resources(declared, plain_functions=functions, queues={("/inbox", "POST"): "in-box"})
    assert set(made) == {"RestAPI", "ApiAccessLog", *ours}
    log = json.loads(made["RestAPI"]["Properties"]["AccessLogSetting"]["Format"])
    assert log["caller"] == caller


def test_an_authorizer_of_an_http_api_is_refused() -> None:
    """A REST API, which is what Chalice makes, would not be imported with it."""
    with pytest.raises(GrailError, match="HTTP API"):
        resources(guarded("http"))


def test_the_access_log_has_no_secret() -> None:
    """What is logged is named, and no header, query, body or key is."""
    made = resources(app, wanted=Settings(log_days=7))
    text = made["RestAPI"]["Properties"]["AccessLogSetting"]["Format"]
    assert {"request_id", "route", "status", "duration_ms", "caller"} <= set(json.loads(text))
    assert not [
        word for word in ("authorizationToken", 'apiKey"', "header", "params", "body", "claims}") if word in text
    ]
    group = made["ApiAccessLog"]["Properties"]
    assert group == {"LogGroupName": "/aws/apigateway/shop-prod", "RetentionInDays": 7}


def test_the_accounts_log_role_outlives_the_stack() -> None:
    """Another stage's API may use it. This one's stage waits for it, which waits for the API."""
    made = resources(plain(), wanted=Settings(gateway_log_role=True))
    assert {made[name]["DeletionPolicy"] for name in ("GatewayAccount", "GatewayLogRole")} == {"Retain"}
    assert made["RestAPI"]["Properties"]["Variables"] == {"account": {"Ref": "GatewayAccount"}}
    assert made["GatewayAccount"]["DependsOn"] == ["RestAPI"]


THROTTLE = {"rate_limit": 100, "burst_limit": 200}


def test_throttles_are_of_all_methods_and_of_some() -> None:
    """A path's slashes are written as API Gateway wants them."""
    setting = {**THROTTLE, "routes": {"PUT /things/{name}": {"rate_limit": 0.5, "burst_limit": 1}}}
    properties = resources(plain(), wanted=Settings(throttle=setting), tracing=True)["RestAPI"]["Properties"]
    assert properties["MethodSettings"] == [
        {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 100, "ThrottlingBurstLimit": 200},
        {
            "HttpMethod": "PUT",
            "ResourcePath": "/~1things~1{name}",
            "ThrottlingRateLimit": 0.5,
            "ThrottlingBurstLimit": 1,
        },
    ]
    assert properties["TracingEnabled"] is True


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"rate_limit": 100}, "burst_limit None, not a whole number above 0"),
        ({**THROTTLE, "burst_limit": "many"}, "burst_limit 'many', not a whole number above 0"),
        ({**THROTTLE, "burst_limit": 1.5}, "burst_limit 1.5, not a whole number above 0"),
        ({**THROTTLE, "rate_limit": True}, "rate_limit True, not a number above 0"),
        ({**THROTTLE, "routes": None}, "throttle routes is None, not an object"),
        ({**THROTTLE, "routes": {"PUT /things/{name}": 5}}, "is 5, not an object"),
        ({**THROTTLE, "rate_limt": 1}, "did you mean 'rate_limit'"),
        ({**THROTTLE, "routes": {"PUT /thing/{name}": THROTTLE}}, "did you mean 'PUT /things/{name}'"),
        (
            {**THROTTLE, "routes": {"PUT /things/{name}": {"rate_limit": 0, "burst_limit": 1}}},
            "rate_limit 0, not a number",
        ),
    ],
)
def test_a_throttle_that_can_not_be_is_refused(setting: dict[str, Any], words: str) -> None:
    """In one line, with the nearest name that is known."""
    with pytest.raises(GrailError, match=words):
        resources(plain(), wanted=Settings(throttle=setting))
