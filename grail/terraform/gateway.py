"""The API: its definition, its stage, and who may use it how much."""

import re
from collections.abc import Iterator
from typing import Any

from grail.terraform.arguments import Given, Kind, Part, spelled
from grail.terraform.values import Document, Expression

_SECRET = re.compile(r"\{\{resolve:secretsmanager:\$\{(\w+)\}:SecretString\}\}")

_PLACE = {"HttpMethod", "ResourcePath"}


def _api(given: Given) -> dict[str, Any]:
    body = given.properties["Body"]
    return {"name": body["info"]["title"], "body": Document(body)}


def _deployment(given: Given) -> dict[str, Any]:
    """Return what makes a deployment anew with each change of the API, before the one that is in use goes."""
    api = given.properties["RestApiId"]["Ref"]
    return {
        "triggers": {"definition": Expression(f"${{sha1(aws_api_gateway_rest_api.{api}.body)}}")},
        "lifecycle": {"create_before_destroy": True},
    }


def _settings(given: Given) -> Iterator[Part]:
    """Return each method's settings; the whole path is encoded, and begins with no slash of its own."""
    stage = {"rest_api_id": given.properties["RestApiId"], "stage_name": {"Ref": given.logical}}
    for number, setting in enumerate(given.properties.get("MethodSettings", [])):
        path = f"{setting['ResourcePath'].removeprefix('/')}/{setting['HttpMethod']}"
        settings = {spelled(name): value for name, value in setting.items() if name not in _PLACE}
        arguments = stage | {"method_path": path, "settings": settings}
        yield Part("aws_api_gateway_method_settings", f"{given.logical}-{number}", arguments)


def _key(given: Given) -> Iterator[Part]:
    """Return the secret's value: here API Gateway makes it, since Terraform can't read a secret before it is there."""
    secret = _SECRET.fullmatch(str(given.properties.get("Value", {}).get("Fn::Sub")))
    if secret is not None:
        arguments = {
            "secret_id": {"Ref": secret[1]},
            "secret_string": Expression(f"${{aws_api_gateway_api_key.{given.logical}.value}}"),
        }
        yield Part("aws_secretsmanager_secret_version", secret[1], arguments)


def _mapping(given: Given) -> dict[str, Any]:
    """Return where a domain leads; its stage, which Chalice names, has to be there before."""
    base = given.properties.get("BasePath")
    stage = next(name for name, kind in given.types.items() if kind == "AWS::ApiGateway::Stage")
    return {"stage_name": {"Ref": stage}, **({} if base == "(none)" else {"base_path": base})}


def _http_api(given: Given) -> dict[str, Any]:
    """Return an HTTP API's arguments; its CORS too, which the provider would else take away after the import."""
    body = given.properties["Body"]
    found = {"name": body["info"]["title"], "protocol_type": "HTTP", "body": Document(body)}
    cors = body.get("x-amazon-apigateway-cors")
    return found | ({"cors_configuration": {spelled(name): value for name, value in cors.items()}} if cors else {})


def _routes(given: Given) -> dict[str, Any]:
    settings = given.properties.get("RouteSettings", {})
    if not settings:
        return {}
    return {
        "route_settings": [
            {"route_key": route, **{spelled(name): value for name, value in limits.items()}}
            for route, limits in settings.items()
        ]
    }


KINDS = {
    "AWS::ApiGateway::RestApi": Kind(
        type="aws_api_gateway_rest_api",
        apart=frozenset({"Body", "Parameters"}),
        arguments=_api,
    ),
    "AWS::ApiGateway::Deployment": Kind(
        type="aws_api_gateway_deployment",
        apart=frozenset({"Description"}),  # SAM's hash, which is another for the same API
        arguments=_deployment,
    ),
    "AWS::ApiGateway::Stage": Kind(
        type="aws_api_gateway_stage",
        ref="stage_name",
        names={"AccessLogSetting": "access_log_settings", "TracingEnabled": "xray_tracing_enabled"},
        apart=frozenset({"MethodSettings"}),
        parts=_settings,
    ),
    "AWS::ApiGatewayV2::Api": Kind(
        type="aws_apigatewayv2_api",
        apart=frozenset({"Body"}),
        arguments=_http_api,
    ),
    "AWS::ApiGatewayV2::Stage": Kind(
        type="aws_apigatewayv2_stage",
        ref="name",
        names={"StageName": "name"},
        apart=frozenset({"RouteSettings"}),
        arguments=_routes,
    ),
    "AWS::ApiGateway::Account": Kind(
        type="aws_api_gateway_account", names={"CloudWatchRoleArn": "cloudwatch_role_arn"}
    ),
    "AWS::ApiGateway::DomainName": Kind(
        type="aws_api_gateway_domain_name",
        ref="domain_name",
        attributes={"DistributionDomainName": "cloudfront_domain_name", "RegionalDomainName": "regional_domain_name"},
    ),
    "AWS::ApiGateway::BasePathMapping": Kind(
        type="aws_api_gateway_base_path_mapping",
        names={"RestApiId": "api_id"},
        apart=frozenset({"BasePath", "Stage"}),
        arguments=_mapping,
    ),
    "AWS::ApiGateway::UsagePlan": Kind(
        type="aws_api_gateway_usage_plan",
        names={"UsagePlanName": "name", "Quota": "quota_settings", "Throttle": "throttle_settings"},
    ),
    "AWS::ApiGateway::ApiKey": Kind(
        type="aws_api_gateway_api_key",
        attributes={"Value": "value"},
        apart=frozenset({"Value"}),
        parts=_key,
    ),
    "AWS::ApiGateway::UsagePlanKey": Kind(type="aws_api_gateway_usage_plan_key"),
}
