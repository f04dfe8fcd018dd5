"""The boundary of a stage's roles: what none of them can do more than, whatever its policy says.

`python -m grail bootstrap` makes it; the setting `permissions_boundary` puts it on the roles.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.config import Config
from chalice.utils import to_cfn_resource_name

from grail.project import Project
from grail.stack.functions import Function


def policy_name(app: str, stage: str) -> str:
    """Return its name."""
    return f"boundary-{app}-{stage}"


def resources(
    project: Project, stage: str, *, functions: Sequence[Function], others: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return it on the roles that Chalice makes for functions, and on the others that have policies of their own."""
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    roles = [
        to_cfn_resource_name(f"{function.name}_role")
        for function in functions
        if config.scope(stage, function.name).manage_iam_role
    ]
    roles += [
        name
        for name, resource in others.items()
        if resource.get("Type") == "AWS::IAM::Role" and "Policies" in resource["Properties"]
    ]
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{policy_name(project.name, stage)}"}
    return {role: {"Properties": {"PermissionsBoundary": arn}} for role in roles}
