"""What CloudFormation may do with a stage's functions."""

from grail.pipeline import names
from grail.pipeline.statements import Statement, allow, arn, s3_arn


def statements(app: str, stage: str) -> list[Statement]:
    """Return what makes and moves the functions, what calls them, and their logs."""
    name = f"{app}-{stage}"
    functions = [
        arn("lambda", f"function:{name}"),
        arn("lambda", f"function:{name}-*"),
        arn("lambda", f"function:{name}:*"),
    ]
    deploys = [arn("codedeploy", f"{kind}:{name}-*") for kind in ("application", "deploymentgroup")]
    groups = [
        arn("logs", f"log-group:/aws/{service}/{name}{end}")
        for service in ("lambda", "apigateway")
        for end in ("", ":*", "-*")
    ]
    return [
        allow(
            "lambda",
            "AddPermission CreateAlias CreateFunction DeleteAlias DeleteFunction DeleteFunctionConcurrency"
            " DeleteFunctionEventInvokeConfig DeleteProvisionedConcurrencyConfig GetAlias GetFunction"
            " GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionEventInvokeConfig"
            " GetFunctionRecursionConfig GetPolicy GetProvisionedConcurrencyConfig GetRuntimeManagementConfig"
            " ListTags ListVersionsByFunction PublishVersion PutFunctionConcurrency PutFunctionEventInvokeConfig"
            " PutProvisionedConcurrencyConfig RemovePermission TagResource UntagResource UpdateAlias"
            " UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig",
            functions,
        ),
        allow(
            "lambda",
            "CreateEventSourceMapping DeleteEventSourceMapping UpdateEventSourceMapping",
            "*",  # AWS names it; the function that it may be of is the stage's
            condition={"ArnLike": {"lambda:FunctionArn": [functions[0], functions[1], functions[2]]}},
        ),
        allow("lambda", "GetEventSourceMapping", "*"),
        allow("lambda", "ListTags TagResource UntagResource", [arn("lambda", "event-source-mapping:*")]),
        allow("s3", "GetObject GetObjectVersion", [s3_arn(f"{names.bucket(app)}/{stage}/*")]),
        allow(
            "codedeploy",
            "CreateApplication CreateDeployment CreateDeploymentGroup DeleteApplication DeleteDeploymentGroup"
            " GetApplication GetDeployment GetDeploymentGroup ListTagsForResource RegisterApplicationRevision"
            " GetApplicationRevision StopDeployment TagResource UntagResource UpdateApplication UpdateDeploymentGroup",
            deploys,
        ),
        allow("codedeploy", "GetDeploymentConfig", [arn("codedeploy", "deploymentconfig:CodeDeployDefault.*")]),
        allow(
            "events",
            "DeleteRule DescribeRule ListTargetsByRule ListTagsForResource PutRule PutTargets RemoveTargets TagResource"
            " UntagResource",
            [arn("events", f"rule/{name}-*")],
        ),
        allow("logs", "DescribeLogGroups DescribeIndexPolicies DescribeResourcePolicies", "*"),  # are lists
        allow(
            "logs",
            "CreateLogGroup DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy DescribeMetricFilters"
            " GetDataProtectionPolicy ListTagsForResource PutMetricFilter PutRetentionPolicy TagResource UntagResource",
            groups,
        ),
    ]
