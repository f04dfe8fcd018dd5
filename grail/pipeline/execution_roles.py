"""What CloudFormation may do with a stage's roles."""

from grail.pipeline.statements import Statement, allow, global_arn, managed_policy
from grail.stack import boundary

_UNBOUND = {
    "CodeDeployServiceRole": "service-role/AWSCodeDeployRoleForLambda",
    "GatewayLogRole": "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
}
"""Roles that have one policy of AWS's and no boundary, which would take away what they are for."""


def statements(app: str, stage: str) -> list[Statement]:
    """Return what makes the stage's roles: inside its boundary, or with one policy of AWS's."""
    name = f"{app}-{stage}"
    roles = [global_arn("iam", f"role/{name}-*")]
    inside = {
        "StringEquals": {"iam:PermissionsBoundary": global_arn("iam", f"policy/{boundary.policy_name(app, stage)}")}
    }
    callers = ("apigateway", "codedeploy", "lambda")
    return [
        allow(
            "iam",
            "DeleteRole GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies TagRole UntagRole"
            " UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription DeleteRolePolicy",
            roles,
        ),
        allow("iam", "CreateRole PutRolePermissionsBoundary PutRolePolicy", roles, condition=inside),
        *(
            statement
            for role, policy in _UNBOUND.items()
            for statement in (
                allow("iam", "CreateRole", [global_arn("iam", f"role/{name}-{role}-*")]),
                allow(
                    "iam",
                    "AttachRolePolicy DetachRolePolicy",
                    [global_arn("iam", f"role/{name}-{role}-*")],
                    condition={"ArnLike": {"iam:PolicyARN": managed_policy(policy)}},
                ),
            )
        ),
        allow(
            "iam",
            "PassRole",
            roles,
            condition={"StringEquals": {"iam:PassedToService": [f"{caller}.amazonaws.com" for caller in callers]}},
        ),
    ]
