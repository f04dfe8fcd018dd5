"""The functions that decide who is calling, as far as Chalice does not see to them."""

from collections.abc import Iterable
from typing import Any

from chalice.utils import to_cfn_resource_name

from grail.errors import GrailError
from grail.localcloud.routes import LambdaAuthorizer, Resource


def functions(api: Iterable[Resource]) -> set[str]:
    """Return the functions that are authorizers. Raises GrailError for one that only an HTTP API can call."""
    found: set[str] = set()
    for resource in api:
        for route in resource.routes.values():
            if isinstance(route.authorizer, LambdaAuthorizer):
                if route.authorizer.payload is not None:
                    message = f"{resource.path}: its authorizer is of an HTTP API, and Chalice makes a REST API"
                    raise GrailError(message)
                found.add(route.authorizer.function)
    return found


def permissions(names: Iterable[str]) -> dict[str, Any]:
    """Return what lets API Gateway ask functions; those that Chalice knows to be authorizers it lets it ask itself."""
    return {f"{to_cfn_resource_name(name)}InvokePermission": _permission(name) for name in sorted(names)}


def _permission(function: str) -> dict[str, Any]:
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/authorizers/*"
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": {"Ref": to_cfn_resource_name(function)},
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": {"Fn::Sub": arn},
        },
    }
