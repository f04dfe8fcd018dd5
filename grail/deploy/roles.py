"""The roles of the deployed functions, compared with the packaged template's."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from grail.deploy import clients, functions
from grail.deploy.findings import Finding, compared


def findings(resources: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what differs from a packaged template's `resources`, whose references are resolved."""
    for role, declared in _of_package(resources):
        yield from _of_role(role, declared)
        yield from _of_boundary(role, declared.get("PermissionsBoundary"))


def boundaries(resources: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield whose role has not the boundary that is declared for it: Chalice sets none."""
    for role, declared in _of_package(resources):
        yield from _of_boundary(role, declared.get("PermissionsBoundary"))


def _of_package(resources: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the role of each function that is there, and what the template says of it; none that Chalice is given."""
    for properties, live in functions.of_package(resources):
        match properties.get("Role"):
            case {"Fn::GetAtt": [str(name), *_]} if live is not None:
                yield live["Role"].rpartition("/")[2], resources[name]["Properties"]


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


def _of_boundary(role: str, declared: str | None) -> Iterator[Finding]:
    client = clients.of("iam")
    live = client.get_role(RoleName=role)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    if declared is None:
        mend = partial(client.delete_role_permissions_boundary, RoleName=role)
    else:
        mend = partial(client.put_role_permissions_boundary, RoleName=role, PermissionsBoundary=declared)
    yield from compared(f"role {role}", {"its boundary": live}, {"its boundary": declared}, mend)
