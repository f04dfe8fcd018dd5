"""A stage's bootstrap as one template: what must be there before the stage can be deployed by a pipeline."""

from typing import Any

from grail.errors import GrailError
from grail.pipeline import artifacts, deployer, execution, names
from grail.pipeline import boundary as limits
from grail.pipeline.statements import document
from grail.project import Project
from grail.stack import boundary, settings, table_key

MAKES_BUCKET = "MakesBucket"
MAKES_PROVIDER = "MakesProvider"
"""The parameters: an account has one bucket of the app in a region, and knows GitHub once."""

_ROLE_NAME_LENGTH = 64
"""IAM's limit."""


def template_of(project: Project, stage: str, *, repository: str | None) -> dict[str, Any]:
    """Return the template of a project's stage. Raises GrailError where its roles have no boundary."""
    chosen = settings.read(project, stage)
    if not chosen.permissions_boundary:
        message = f"stage {stage} needs permissions_boundary: true, or who deploys it could make a role that may do all"
        raise GrailError(message)
    return template(
        project.name,
        stage,
        repository=repository,
        edge=chosen.edge is not None,
        key=chosen.table_key == table_key.CUSTOMER,
    )


def template(app: str, stage: str, *, repository: str | None, edge: bool, key: bool) -> dict[str, Any]:
    """Return the template. `key` says that the stage has a key of its own. Raises GrailError for names too long."""
    if len(names.execution(app, stage)) > _ROLE_NAME_LENGTH:
        message = f"{names.execution(app, stage)} is too long for a role: IAM takes {_ROLE_NAME_LENGTH} characters"
        raise GrailError(message)
    policies = execution.policies(app, stage, edge=edge, table_key=key)
    resources: dict[str, Any] = {
        **artifacts.resources(app, condition=MAKES_BUCKET),
        **({} if repository is None else deployer.provider(condition=MAKES_PROVIDER)),
        "Boundary": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {
                "ManagedPolicyName": boundary.policy_name(app, stage),
                "Description": f"What no role of {app}, stage {stage}, can do more than",
                "PolicyDocument": document(limits.statements(app, stage)),
            },
        },
        **{
            name: {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(statements)}}
            for name, statements in policies.items()
        },
        "Execution": _execution(app, stage, list(policies)),
        "Deployer": deployer.role(app, stage, repository=repository, provider_if=MAKES_PROVIDER),
    }
    parameters = {MAKES_BUCKET: None} | ({} if repository is None else {MAKES_PROVIDER: None})
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"What deploys {app}, stage {stage}",
        "Parameters": {
            name: {"Type": "String", "AllowedValues": ["true", "false"], "Default": "true"} for name in parameters
        },
        "Conditions": {name: {"Fn::Equals": [{"Ref": name}, "true"]} for name in parameters},
        "Resources": resources,
        "Outputs": {
            "Artifacts": {"Value": {"Fn::Sub": names.bucket(app)}},
            "Deployer": {"Value": {"Fn::GetAtt": ["Deployer", "Arn"]}},
            "Execution": {"Value": {"Fn::GetAtt": ["Execution", "Arn"]}},
        },
    }


def _execution(app: str, stage: str, policies: list[str]) -> dict[str, Any]:
    """Return CloudFormation's role, which it has for whoever may pass it: the deployer, for the stage's stacks.

    A role of CloudFormation's own, and not its caller's rights: it outlasts the caller's hour, so that a canary which
    goes wrong late is still rolled back; and who steals a pipeline's token can hand in templates of one stage, no more.
    """
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": names.execution(app, stage),
            "AssumeRolePolicyDocument": document(
                [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "cloudformation.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ]
            ),
            "ManagedPolicyArns": [{"Ref": policy} for policy in policies],
        },
    }
