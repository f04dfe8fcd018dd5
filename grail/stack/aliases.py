"""One alias for each function, which all that calls it calls: what is deployed behind it can be shifted and taken back.

SAM makes the alias and has event sources call it. The API's definition and its permissions, which Chalice writes, name
the function: they are changed here, each with the same intrinsic function, since a merge adds keys and takes none away.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from grail.localcloud.routes import Resource
from grail.stack.functions import Caller, Function

ALIAS = "live"

_INTEGRATION = "x-amazon-apigateway-integration"
_URI = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${%s.Alias}/invocations"


def properties() -> dict[str, Any]:
    """Return what makes a function's alias, and a version of it with each change, of its settings too."""
    return {"AutoPublishAlias": ALIAS, "AutoPublishAliasAllProperties": True}


def definition(functions: Iterable[Function], api: Iterable[Resource], described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to merge into an API's definition, of which `described` is what we say of its paths.

    A method whose integration is ours calls no function.
    """
    return {
        "paths": {
            resource.path: {
                method.lower(): {_INTEGRATION: {"uri": _uri("APIHandler")}}
                for method in resource.routes
                if _INTEGRATION not in described.get(resource.path, {}).get(method.lower(), {})
            }
            for resource in api
        },
        "securityDefinitions": {
            function.name: {"x-amazon-apigateway-authorizer": {"authorizerUri": _uri(function.logical)}}
            for function in functions
            if function.caller is Caller.GATEWAY
        },
    }


def permissions(functions: Iterable[Function], *, ours: Iterable[str]) -> dict[str, Any]:
    """Return what to merge into the permissions to call functions that a request waits for; `ours` are no Chalice's."""
    found = {}
    for function in functions:
        if function.is_on_the_way:
            permission = f"{function.logical}InvokePermission"
            by_ref = function.caller is Caller.API or permission in set(ours)
            found[permission] = {"Properties": {"FunctionName": _by_ref(function) if by_ref else _by_arn(function)}}
    return found


def _uri(logical: str) -> dict[str, str]:
    return {"Fn::Sub": _URI % logical}


def _by_ref(function: Function) -> dict[str, Any]:
    return {"Ref": f"{function.logical}.Alias"}


def _by_arn(function: Function) -> dict[str, Any]:
    return {"Fn::GetAtt": [f"{function.logical}.Alias", "AliasArn"]}
