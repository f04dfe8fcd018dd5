"""The API's access log: a JSON object for each request, whoever answered it. No header, query or body is in it.

API Gateway writes it in a role of the account, one for all APIs of a region; a stage that wants to sets it.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from grail.localcloud.routes import Resource, UserPoolAuthorizer

_LOGICAL = "ApiAccessLog"
_ACCOUNT = "GatewayAccount"
WAITING = {"account": {"Ref": _ACCOUNT}}
"""A variable of the API's stage that nobody reads: so the stage, whose access log is refused before the account has its
role, waits for it. The account's setting waits for the API: an account that never had one can't be set (CloudFormation
User Guide, "AWS::ApiGateway::Account")."""


def fields(resources: Iterable[Resource]) -> dict[str, str]:
    """Return what is logged, in the words of the app's own log."""
    authorizers = [route.authorizer for resource in resources for route in resource.routes.values()]
    by_pool = any(isinstance(authorizer, UserPoolAuthorizer) for authorizer in authorizers)
    return {
        "request_id": "$context.requestId",
        "at": "$context.requestTimeEpoch",
        "route": "$context.httpMethod $context.resourcePath",
        "caller": "$context.authorizer.claims.sub" if by_pool else "$context.authorizer.principalId",
        "api_key_id": "$context.identity.apiKeyId",
        "status": "$context.status",
        "duration_ms": "$context.responseLatency",
        "integration_status": "$context.integration.status",
        "integration_ms": "$context.integration.latency",
        "answered_by": "$context.error.responseType",  # the gateway response, where it was one
        "bytes": "$context.responseLength",
        "trace": "$context.xrayTraceId",
    }


def http_fields() -> dict[str, str]:
    """Return the same of an HTTP API, as far as its variables tell ("Customize HTTP API access logs")."""
    return {
        "request_id": "$context.requestId",
        "at": "$context.requestTimeEpoch",
        "route": "$context.routeKey",
        "caller": "$context.authorizer.principalId",
        "status": "$context.status",
        "duration_ms": "$context.responseLatency",
        "integration_status": "$context.integration.status",
        "integration_ms": "$context.integration.latency",
        "answered_by": "$context.error.responseType",
        "bytes": "$context.responseLength",
    }


def setting(logged: Mapping[str, str]) -> dict[str, Any]:
    """Return the stage's setting."""
    return {"DestinationArn": {"Fn::GetAtt": [_LOGICAL, "Arn"]}, "Format": json.dumps(logged)}


def log_group(name: str, *, days: int) -> dict[str, Any]:
    """Return the log group."""
    return {
        _LOGICAL: {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/apigateway/{name}", "RetentionInDays": days},
        }
    }


def account() -> dict[str, Any]:
    """Return the account's role. It stays when the stack goes, for the region's other APIs."""
    managed = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    stays = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {
        "GatewayLogRole": {
            "Type": "AWS::IAM::Role",
            **stays,
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "ManagedPolicyArns": [{"Fn::Sub": managed}],
            },
        },
        _ACCOUNT: {
            "Type": "AWS::ApiGateway::Account",
            **stays,
            "DependsOn": ["RestAPI"],
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": ["GatewayLogRole", "Arn"]}},
        },
    }
