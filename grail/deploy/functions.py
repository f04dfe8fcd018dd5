"""The deployed functions and their roles, compared with the packaged template's."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from grail.deploy import clients
from grail.deploy.findings import Finding, compared

_AS_THEY_ARE = ("Handler", "Architectures")
"""What Chalice alone changes, and Lambda's API calls as the template does."""


def findings(resources: Mapping[str, Any], code: Path) -> Iterator[Finding]:
    """Yield what differs from a packaged template's `resources`, whose references are resolved, and from the `code`."""
    digest = base64.b64encode(hashlib.sha256(code.read_bytes()).digest()).decode()
    for resource in _named(resources):
        if resource["Type"] == "AWS::Serverless::Function":
            properties = resource["Properties"]
            name = properties["FunctionName"]
            live = _live(name)
            if live is None:
                yield Finding(f"function {name} is not there")
                continue
            yield from _of_function(name, live, properties, digest)
            role = properties.get("Role")
            if isinstance(role, Mapping) and "Fn::GetAtt" in role:
                declared = resources[role["Fn::GetAtt"][0]]["Properties"]
                yield from _of_role(live["Role"].rpartition("/")[2], declared)


def boundaries(resources: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield whose role may do more than the boundary that is declared for it: Chalice sets none."""
    for resource in _named(resources):
        if resource["Type"] == "AWS::Serverless::Function" and isinstance(resource["Properties"].get("Role"), Mapping):
            live = _live(resource["Properties"]["FunctionName"])
            declared = resources[resource["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]
            if live is not None:
                yield from _of_boundary(live["Role"].rpartition("/")[2], declared.get("PermissionsBoundary"))


def _named(resources: Mapping[str, Any]) -> list[Any]:
    """Return the resources that have a function's name: those of a WebSocket API stay as Chalice makes them."""
    return [resource for resource in resources.values() if "FunctionName" in resource.get("Properties", {})]


def _of_boundary(role: str, declared: str | None) -> Iterator[Finding]:
    client = clients.of("iam")
    live = client.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if declared is None:
        mend = partial(client.delete_role_permissions_boundary, RoleName=role)
    else:
        mend = partial(client.put_role_permissions_boundary, RoleName=role, PermissionsBoundary=declared)
    yield from compared(f"role {role}", {"its boundary": live}, {"its boundary": declared}, mend)


def _live(name: str) -> dict[str, Any] | None:
    """Return a function's configuration; None where there is no such function."""
    try:
        return dict(clients.of("lambda").get_function_configuration(FunctionName=name))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None


def _of_function(name: str, live: Mapping[str, Any], properties: Mapping[str, Any], digest: str) -> Iterator[Finding]:
    client = clients.of("lambda")
    variables = properties.get("Environment", {}).get("Variables", {})
    sizes = {key: properties[key] for key in ("MemorySize", "Timeout", "Runtime") if key in properties}
    tracing = {"Mode": properties.get("Tracing", "PassThrough")}
    mend = partial(  # all of it at once: Lambda takes no change while it makes another
        client.update_function_configuration,
        FunctionName=name,
        Environment={"Variables": variables},
        TracingConfig=tracing,
        **sizes,
    )
    yield from compared(f"function {name}", live, sizes, mend)
    traced = live.get("TracingConfig", {"Mode": "PassThrough"})
    yield from compared(f"function {name}", {"tracing": traced["Mode"]}, {"tracing": tracing["Mode"]}, mend)
    yield from compared(f"function {name}", live, {key: properties[key] for key in _AS_THEY_ARE if key in properties})
    yield from _of_concurrency(name, properties.get("ReservedConcurrentExecutions"))
    there = live.get("Environment", {}).get("Variables", {})
    # Their values may be nobody's business.
    if other := sorted(key for key in variables.keys() | there.keys() if there.get(key) != variables.get(key)):
        yield Finding(f"function {name}: variables that are not as declared: {', '.join(other)}", mend)
    if live["CodeSha256"] != digest:
        yield Finding(f"function {name}: its code is not this folder's")


def _of_concurrency(name: str, declared: int | None) -> Iterator[Finding]:
    """Yield how many may run at once, where that is not as declared: none may at 0."""
    client = clients.of("lambda")
    live = client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions")
    if live != declared:
        given = {"FunctionName": name}
        mend = (
            partial(client.delete_function_concurrency, **given)
            if declared is None
            else partial(client.put_function_concurrency, ReservedConcurrentExecutions=declared, **given)
        )
        yield from compared(f"function {name}", {"reserved": live}, {"reserved": declared}, mend)


def _of_role(role: str, declared: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what a role may that is not declared, or the other way round; Chalice names its policy as the role."""
    client = clients.of("iam")
    names = client.list_role_policies(RoleName=role)["PolicyNames"]
    [policy] = declared["Policies"]
    document = policy["PolicyDocument"]
    put = partial(
        client.put_role_policy, RoleName=role, PolicyName=role, PolicyDocument=json.dumps(document, sort_keys=True)
    )
    if role not in names or client.get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"] != document:
        yield Finding(f"role {role}: its policy is not the declared one", put)
    trust = declared["AssumeRolePolicyDocument"]
    if client.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"] != trust:
        mend = partial(client.update_assume_role_policy, RoleName=role, PolicyDocument=json.dumps(trust))
        yield Finding(f"role {role}: others than declared may assume it", mend)
    for name in names:
        if name != role:
            remove = partial(client.delete_role_policy, RoleName=role, PolicyName=name)
            yield Finding(f"role {role}: it has a policy {name}, which is not declared", remove)
    for attached in client.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        detach = partial(client.detach_role_policy, RoleName=role, PolicyArn=attached["PolicyArn"])
        yield Finding(f"role {role}: it has the policy {attached['PolicyName']}, which is not declared", detach)
