"""An HTTP API before the app: its definition, what it is refused, and AWS's documented event."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from chalice.app import AuthResponse, Chalice, CORSConfig, IAMAuthorizer

from app import app
from chalicelib.access import gates
from chalicelib.models.admission import Admission
from chalicelib.settings import Settings as AppSettings
from chalicelib.web.api import Api
from grail.errors import GrailError
from grail.localcloud import chalice_app
from grail.stack import functions, http_api
from grail.stack.settings import Settings
from tests.unit.event import LambdaContext

DOCUMENTED = {
    "version": "1.0",
    "resource": "/my/path",
    "path": "/my/path",
    "httpMethod": "GET",
    "headers": {"header1": "value1", "header2": "value2"},
    "multiValueHeaders": {"header1": ["value1"], "header2": ["value1", "value2"]},
    "queryStringParameters": {"parameter1": "value1", "parameter2": "value"},
    "multiValueQueryStringParameters": {"parameter1": ["value1", "value2"], "parameter2": ["value"]},
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "id",
        "authorizer": {"claims": None, "scopes": None},
        "domainName": "id.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "id",
        "extendedRequestId": "request-id",
        "httpMethod": "GET",
        "identity": {
            "accessKey": None,
            "accountId": None,
            "caller": None,
            "cognitoAuthenticationProvider": None,
            "cognitoAuthenticationType": None,
            "cognitoIdentityId": None,
            "cognitoIdentityPoolId": None,
            "principalOrgId": None,
            "sourceIp": "IP",
            "user": None,
            "userAgent": "user-agent",
            "userArn": None,
            "clientCert": {
                "clientCertPem": "CERT_CONTENT",
                "subjectDN": "www.example.com",
                "issuerDN": "Example issuer",
                "serialNumber": "a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1",
                "validity": {"notBefore": "May 28 12:30:02 2019 GMT", "notAfter": "Aug  5 09:36:04 2021 GMT"},
            },
        },
        "path": "/my/path",
        "protocol": "HTTP/1.1",
        "requestId": "id=",
        "requestTime": "04/Mar/2020:19:15:17 +0000",
        "requestTimeEpoch": 1583349317135,
        "resourceId": None,
        "resourcePath": "/my/path",
        "stage": "$default",
    },
    "pathParameters": None,
    "stageVariables": None,
    "body": "Hello from Lambda!",
    "isBase64Encoded": False,
}
"""API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs", format 1.0."""


def at(path: str, **others: Any) -> dict[str, Any]:
    """Return the documented event at another path."""
    context: Mapping[str, Any] = DOCUMENTED["requestContext"]  # type: ignore[assignment]
    changed = {**context, "path": path, "resourcePath": path}
    return {**DOCUMENTED, "resource": path, "path": path, "requestContext": changed, **others}


def answered(event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the app's answer to an event."""
    answer = app(event, LambdaContext())
    return answer["statusCode"], json.loads(answer["body"])


def test_awss_documented_event_is_answered() -> None:
    """At its own path, which this app does not have, and at one that anybody may call; it is refused what it adds."""
    assert answered(DOCUMENTED)[0] == 404
    status, problem = answered(at("/health"))
    assert (status, problem["errors"][0]["parameter"]) == (400, "parameter1")
    plain = at("/health", multiValueQueryStringParameters=None, body=None)
    assert answered(plain) == (200, {"status": "ok"})


def test_nobody_is_known_where_no_authorizer_ran() -> None:
    """The documented `claims` and `scopes` of null are nobody's."""
    assert answered(at("/me", multiValueQueryStringParameters=None, body=None))[0] == 401


def guarded(**route: Any) -> Api:
    """Return an app with a gate of an HTTP API."""
    found = Api("shop")
    gate = gates.authorizer(found, AppSettings.read({"AUTHORIZER": "http"}))(_gate)
    for (path, method), operation in app.operations.items():
        found.route(path, methods=[method], cors=operation.cors, **{"authorizer": gate, **route})(operation.endpoint)
    return found


def _gate(authorization: str) -> Admission:
    raise NotImplementedError(authorization)


def made(shop: Chalice, **settings: Any) -> dict[str, Any]:
    """Return a stage's resources."""
    found = functions.of(shop, name="shop", stage="prod")
    api = chalice_app.resources(shop)
    return http_api.resources(shop, api, name="shop-prod", functions=found, wanted=Settings(**settings))


def test_every_route_is_in_it_and_guarded_as_declared() -> None:
    """Each goes to the one function by payload 1.0; a path's other methods too, for their 405."""
    shop = guarded()
    body = made(shop)["HttpAPI"]["Properties"]["Body"]
    assert set(body["paths"]) == set(shop.routes)
    for path, entries in shop.routes.items():
        methods = body["paths"][path]
        assert set(methods) == {*map(str.lower, entries), "x-amazon-apigateway-any-method"}
        assert all(methods[method.lower()]["security"] == [{"_gate": []}] for method in entries)
        assert "security" not in methods["x-amazon-apigateway-any-method"]
    [integration] = body["components"]["x-amazon-apigateway-integrations"].values()
    assert (integration["type"], integration["payloadFormatVersion"]) == ("aws_proxy", "1.0")
    assert integration["uri"]["Fn::Sub"].endswith(":function:shop-prod:live/invocations")
    references = {one["x-amazon-apigateway-integration"]["$ref"] for ones in body["paths"].values()
                  for one in ones.values()}  # fmt: skip
    assert references == {"#/components/x-amazon-apigateway-integrations/app"}


def test_its_authorizer_is_the_gate() -> None:
    """As it describes itself, but called by its alias; the API may ask it, and call its function."""
    resources = made(guarded())
    gate = resources["HttpAPI"]["Properties"]["Body"]["components"]["securitySchemes"]["_gate"]
    details = gate["x-amazon-apigateway-authorizer"]
    assert details["authorizerUri"]["Fn::Sub"].endswith(":function:shop-prod-_gate:live/invocations")
    assert details["authorizerPayloadFormatVersion"] == "2.0"
    assert details["enableSimpleResponses"] is False
    asked = resources["GateInvokePermission"]["Properties"]["SourceArn"]["Fn::Sub"]
    called = resources["APIHandlerInvokePermission"]["Properties"]["SourceArn"]["Fn::Sub"]
    assert (asked.rpartition(":")[2], called.rpartition(":")[2]) == ("${HttpAPI}/authorizers/*", "${HttpAPI}/*")


def test_cors_is_api_gateways_own() -> None:
    """With every method of the API, and the origins, headers and age that the routes declare."""
    cors = made(guarded())["HttpAPI"]["Properties"]["Body"]["x-amazon-apigateway-cors"]
    assert cors["allowOrigins"] == ["*"]
    assert {"GET", "PATCH", "DELETE"} <= set(cors["allowMethods"])
    assert {"Authorization", "If-Match"} <= set(cors["allowHeaders"])
    assert "ETag" in cors["exposeHeaders"]
    assert cors["maxAge"] == 600


def test_a_stage_throttles_all_routes_and_some() -> None:
    """In the words of an HTTP API."""
    throttle = {"rate_limit": 5, "burst_limit": 9, "routes": {"POST /inbox": {"rate_limit": 1, "burst_limit": 2}}}
    stage = made(guarded(), throttle=throttle)["HttpAPIStage"]["Properties"]
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 9}
    assert stage["RouteSettings"] == {"POST /inbox": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 2}}


def plain(**route: Any) -> Chalice:
    """Return a Chalice app of one route."""
    shop = Chalice("shop", configure_logs=False)

    @shop.route("/things", **route)
    def things() -> None:
        """Do nothing."""

    return shop


def test_a_route_that_only_a_key_guards_is_refused() -> None:
    """It would be open; beside an authorizer, the key is only for the plan."""
    with pytest.raises(GrailError, match="GET /things: api_kind http knows no API keys"):
        made(plain(api_key_required=True))
    assert made(guarded(api_key_required=True))


def test_an_authorizer_of_a_rest_api_is_refused() -> None:
    """Chalice's own is of type TOKEN; IAM's is none of ours."""
    shop = Chalice("shop", configure_logs=False)

    @shop.authorizer()
    def guard(_: Any) -> AuthResponse:
        return AuthResponse(routes=[], principal_id="")

    shop.route("/things", authorizer=guard)(lambda: None)
    for refused in (shop, plain(authorizer=IAMAuthorizer())):
        with pytest.raises(GrailError, match="takes no authorizer of a REST API"):
            made(refused)


def test_two_configurations_of_cors_are_refused() -> None:
    """An HTTP API has one."""
    shop = plain(cors=True)
    shop.route("/others", cors=CORSConfig(max_age=5))(lambda: None)
    with pytest.raises(GrailError, match="one CORS configuration for all routes"):
        made(shop)
