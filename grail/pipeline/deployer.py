"""The role that a pipeline has: it hands templates of one stage to CloudFormation, and can do nothing else itself."""

from typing import Any

from grail.pipeline import names
from grail.pipeline.statements import Statement, allow, arn, document, global_arn, s3_arn

GITHUB = "token.actions.githubusercontent.com"
_EDGE_REGION = "us-east-1"


def provider(*, condition: str) -> dict[str, Any]:
    """Return what makes GitHub's tokens known to the account, once, under a condition. It stays when the stack goes."""
    return {
        "GitHub": {
            "Type": "AWS::IAM::OIDCProvider",
            "Condition": condition,
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"Url": f"https://{GITHUB}", "ClientIdList": ["sts.amazonaws.com"]},
        }
    }


def role(app: str, stage: str, *, repository: str | None, provider_if: str) -> dict[str, Any]:
    """Return the role. A job of the repository's environment of the stage's name has it, and the CodeBuild project.

    `repository` is `owner/name` at GitHub; without one only the project has it. The provider is the
    template's own under the condition `provider_if`.
    """
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": names.deployer(app, stage),
            "MaxSessionDuration": 3600,
            "AssumeRolePolicyDocument": document(
                [_codebuild(app, stage), *([] if repository is None else [_github(repository, stage, provider_if)])]
            ),
            "Policies": [{"PolicyName": "deploy", "PolicyDocument": document(_statements(app, stage))}],
        },
    }


def _github(repository: str, stage: str, provider_if: str) -> Statement:
    """Trust a job that GitHub says runs in this environment of this repository, whose rules say from which branches.

    A job of a fork's pull request gets no such token; a pull request's subject would not be this one either.
    """
    others = global_arn("iam", f"oidc-provider/{GITHUB}")
    return {
        "Effect": "Allow",
        "Principal": {"Federated": {"Fn::If": [provider_if, {"Ref": "GitHub"}, others]}},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{GITHUB}:aud": "sts.amazonaws.com",
                f"{GITHUB}:sub": f"repo:{repository}:environment:{stage}",
            }
        },
    }


def _codebuild(app: str, stage: str) -> Statement:
    project = arn("codebuild", f"project/{names.deployer(app, stage)}")
    return {
        "Effect": "Allow",
        "Principal": {"Service": "codebuild.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:SourceArn": project}},
    }


def _statements(app: str, stage: str) -> list[Statement]:
    name = f"{app}-{stage}"
    edge = arn("cloudformation", f"stack/{name}-edge/*", region=_EDGE_REGION)
    stacks = [arn("cloudformation", f"stack/{name}/*"), edge]
    others = arn("cloudformation", f"stack/{name}-*/*")  # of a stage that was deployed directly
    role_of_stacks = global_arn("iam", f"role/{names.execution(app, stage)}")
    bucket = names.bucket(app)
    logs = f"log-group:/aws/codebuild/{names.deployer(app, stage)}"
    return [
        allow(
            "cloudformation",
            "CreateChangeSet",
            stacks,
            condition={"StringEquals": {"cloudformation:RoleArn": role_of_stacks}},
        ),
        allow(
            "cloudformation",
            "DeleteChangeSet DescribeChangeSet DescribeStackEvents ExecuteChangeSet",
            stacks,
        ),
        allow("cloudformation", "DescribeStacks", [*stacks, others]),
        allow(
            "iam",
            "PassRole",
            [role_of_stacks],
            condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
        allow("s3", "GetObject PutObject", [s3_arn(f"{bucket}/{stage}/*")]),
        allow("s3", "GetObject GetObjectVersion", [s3_arn(f"{bucket}/{names.pipeline_folder(app)}/*")]),
        allow("s3", "GetBucketLocation ListBucket", [s3_arn(bucket)]),
        allow("logs", "CreateLogGroup CreateLogStream PutLogEvents", [arn("logs", logs), arn("logs", f"{logs}:*")]),
    ]
