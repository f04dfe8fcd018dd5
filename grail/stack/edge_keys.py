"""The keys of the edge: the API takes two, so that one can go while the other is in use.

A key's value never changes, for CloudFormation reads a secret only where the template changed: rotating is naming a new
one. Swap the names in `keys` and deploy the edge, which then sends the other; once CloudFront has it everywhere, put a
new name in place of the second and deploy the stage. Each step may meet any state of the other stack.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from chalice.app import RouteEntry

REGION = "us-east-1"
"""Where CloudFront's certificate and WAF must be, and so the edge's stack, which reads secrets only where it is."""

CONDITIONS = {"FarFromTheEdge": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AWS::Region"}, REGION]}]}}


def secret_name(app: str, stage: str, key: str) -> str:
    """Return the name of the secret that holds a key, in the stage's region and in the edge's."""
    return f"{app}-{stage}-edge-key-{key}"


def reference(app: str, stage: str, key: str) -> str:
    """Return what CloudFormation replaces by a key's value."""
    return f"{{{{resolve:secretsmanager:{secret_name(app, stage, key)}:SecretString}}}}"


def logical(key: str) -> str:
    """Return a key's part of a logical id: a new key is a new resource."""
    return "EdgeKey" + "".join(part.capitalize() for part in key.split("-"))


def secrets(app: str, stage: str, keys: Iterable[str]) -> dict[str, Any]:
    """Return the keys' secrets, of 40 characters as API Gateway's own; the template needs CONDITIONS."""
    replicas = {"Fn::If": ["FarFromTheEdge", [{"Region": REGION}], {"Ref": "AWS::NoValue"}]}
    return {
        logical(key): {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Name": secret_name(app, stage, key),
                "GenerateSecretString": {"PasswordLength": 40, "ExcludePunctuation": True},
                "ReplicaRegions": replicas,
            },
        }
        for key in keys
    }


def demanded(
    paths: Mapping[str, Iterable[str]], routes: Mapping[str, Mapping[str, RouteEntry]]
) -> dict[str, dict[str, Any]]:
    """Return the API's definition as far as it lets nobody go past the edge: each path's methods want a key.

    `routes` are Chalice's, whose authorizers the lists have to name again: merged into Chalice's, they replace them.
    """
    return {
        "securityDefinitions": {"api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"}},
        "paths": {
            path: {method: {"security": _security(routes.get(path, {}).get(method.upper()))} for method in methods}
            for path, methods in paths.items()
        },
    }


def _security(route: RouteEntry | None) -> list[dict[str, list[str]]]:
    """Return what a request must show, as Chalice lists it; preflights and unknown methods have no route."""
    found: list[dict[str, list[str]]] = [{"api_key": []}]
    if route is not None and route.authorizer:
        found.append({route.authorizer.name: route.authorizer.scopes})
    return found
