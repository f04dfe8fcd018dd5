"""A stage's API as an HTTP API (`api_kind: "http"`): the same routes before the same function, by payload 1.0.

What API Gateway's cheaper kind lacks is refused (http_limits), or the function makes up for it (docs/http-api.md).
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice
from chalice.utils import to_cfn_resource_name

from grail.localcloud.cors import Cors
from grail.localcloud.gateway import API_HANDLER
from grail.localcloud.routes import LambdaAuthorizer, Resource
from grail.stack import access_logs, aliases, http_limits, throttles
from grail.stack.api_metrics import HTTP_API, HTTP_STAGE
from grail.stack.functions import Function
from grail.stack.settings import Settings

_STAGE = f"{HTTP_API}Stage"
_REST = ("RestAPI", "RestAPIId")
"""The resource and the output that Chalice makes of an app's routes."""
_INTEGRATIONS = "x-amazon-apigateway-integrations"


def resources(
    app: Chalice, api: Iterable[Resource], *, name: str, functions: Iterable[Function], wanted: Settings
) -> dict[str, Any]:
    """Return the API, its stage and log, and who may call functions. Raises GrailError for what can't be."""
    api = list(api)
    http_limits.check(api)
    body = definition(app, api, name=name, arns={one.name: _arn(one.lambda_name) for one in functions})
    log = access_logs.setting(access_logs.http_fields())
    throttle = {} if wanted.throttle is None else throttles.route_settings(wanted.throttle, api)
    return {
        HTTP_API: {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {"Body": body, "FailOnWarnings": True},
        },
        _STAGE: {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {
                "ApiId": {"Ref": HTTP_API},
                "StageName": HTTP_STAGE,
                "AutoDeploy": True,
                "AccessLogSettings": log,
                **throttle,
            },
        },
        **access_logs.log_group(name, days=wanted.log_days),
        **_permissions(api),
    }


OUTPUTS = {
    "EndpointURL": {"Value": {"Fn::Sub": f"https://${{{HTTP_API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/"}},
    "HttpAPIId": {"Value": {"Ref": HTTP_API}},
}


def _arn(function: str) -> str:
    """Return an alias's ARN by its name: a reference would be a circle of API, alias, its way back, and API's alarm."""
    return f"arn:${{AWS::Partition}}:lambda:${{AWS::Region}}:${{AWS::AccountId}}:function:{function}:{aliases.ALIAS}"


def definition(app: Chalice, api: Iterable[Resource], *, name: str, arns: Mapping[str, str]) -> dict[str, Any]:
    """Return the API's OpenAPI document, of what an import reads: routes, who guards them, the function, and CORS.

    `arns` are the functions', by the names that they have in the app. An unknown method of a known path reaches the
    function, which says 405; an unknown path is API Gateway's 404.
    """
    integrated = {"x-amazon-apigateway-integration": {"$ref": f"#/components/{_INTEGRATIONS}/app"}}
    found: dict[str, Any] = {
        "openapi": "3.0.1",
        "info": {"title": name, "version": "1.0"},
        "paths": {
            resource.path: {
                **{
                    method.lower(): integrated | _security(app, resource.path, method)
                    for method in sorted(resource.routes)
                },
                "x-amazon-apigateway-any-method": integrated,
            }
            for resource in api
        },
        "components": {
            "securitySchemes": _guards(app, arns),
            _INTEGRATIONS: {
                "app": {
                    "type": "aws_proxy",
                    "httpMethod": "POST",
                    "payloadFormatVersion": "1.0",
                    "uri": _uri(arns[API_HANDLER]),
                }
            },
        },
    }
    cors = next((resource.cors for resource in api if resource.cors), None)
    return found if cors is None else found | {"x-amazon-apigateway-cors": _cors(cors, api)}


def replace_rest(file: Path) -> None:
    """Take Chalice's REST API out of a template that has an HTTP API: a merge can't."""
    template = json.loads(file.read_text(encoding="utf-8"))
    if HTTP_API in template["Resources"]:
        for name in _REST:
            template["Resources"].pop(name, None)
            template["Outputs"].pop(name, None)
        file.write_text(json.dumps(template, indent=2), encoding="utf-8")


def _uri(arn: str) -> dict[str, str]:
    called = f"path/2015-03-31/functions/{arn}/invocations"
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:{called}"}


def _guards(app: Chalice, arns: Mapping[str, str]) -> dict[str, Any]:
    """Return the authorizers by name, as they describe themselves, each called by its alias."""
    found = {}
    for entries in app.routes.values():
        for entry in entries.values():
            if entry.authorizer is not None:
                described = entry.authorizer.to_swagger()
                details = described["x-amazon-apigateway-authorizer"]
                called = {"authorizerUri": _uri(arns[entry.authorizer.name])}
                shown = {key: described[key] for key in ("type", "name", "in")}
                found[entry.authorizer.name] = {**shown, "x-amazon-apigateway-authorizer": {**details, **called}}
    return found


def _security(app: Chalice, path: str, method: str) -> dict[str, Any]:
    authorizer = app.routes[path][method].authorizer
    return {} if authorizer is None else {"security": [{authorizer.name: []}]}


def _cors(cors: Cors, api: Iterable[Resource]) -> dict[str, Any]:
    """Return the CORS configuration, with which API Gateway answers preflights and replaces what functions say."""
    headers = cors.headers

    def listed(name: str) -> list[str]:
        return [part for part in headers.get(f"Access-Control-{name}", "").split(",") if part]

    methods = {method for resource in api for method in resource.routes}
    found: dict[str, Any] = {
        "allowOrigins": sorted(cors.origins or [headers["Access-Control-Allow-Origin"]]),
        "allowMethods": sorted(methods),
        "allowHeaders": listed("Allow-Headers"),
        "exposeHeaders": listed("Expose-Headers"),
    }
    if "Access-Control-Max-Age" in headers:
        found["maxAge"] = int(headers["Access-Control-Max-Age"])
    if headers.get("Access-Control-Allow-Credentials") == "true":
        found["allowCredentials"] = True
    return found


def _permissions(api: Iterable[Resource]) -> dict[str, Any]:
    """Return what lets the API call its function (Chalice's, made for the other API), and ask its authorizers."""
    arn = f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{HTTP_API}}}"
    found: dict[str, Any] = {"APIHandlerInvokePermission": {"Properties": {"SourceArn": {"Fn::Sub": f"{arn}/*"}}}}
    asked = {route.authorizer.function for resource in api for route in resource.routes.values()
             if isinstance(route.authorizer, LambdaAuthorizer)}  # fmt: skip
    for function in sorted(asked):
        logical = to_cfn_resource_name(function)
        found[f"{logical}InvokePermission"] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": logical},
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": {"Fn::Sub": f"{arn}/authorizers/*"},
            },
        }
    return found
