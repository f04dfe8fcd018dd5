"""CodePipeline's pipeline: the repository, buildspec.yml, then each stage, with an approval before all but the first.

It holds no credential: GitHub is reached by a connection, which a person makes once and confirms in the console.
"""

from collections.abc import Sequence
from typing import Any

from grail.pipeline import names
from grail.pipeline.statements import allow, arn, document, global_arn, s3_arn

_IMAGE = "aws/codebuild/standard:7.0"
_SOURCE, _PACKAGES = "Source", "Packages"


def template(app: str, stages: Sequence[str]) -> dict[str, Any]:
    """Return the template, for stages that are bootstrapped, in the order in which they are deployed."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Tests {app} and deploys it to {', '.join(stages)}",
        "Parameters": {
            "Connection": {
                "Type": "String",
                "AllowedPattern": r"arn:aws[a-z-]*:(codeconnections|codestar-connections):[a-z0-9-]+:\d+:connection/.+",
                "Description": "The ARN of a connection to GitHub; made in the console, where GitHub asks who you are",
            },
            "Repository": {"Type": "String", "AllowedPattern": "[A-Za-z0-9-]+/[A-Za-z0-9._-]+"},
            "Branch": {"Type": "String", "Default": "main"},
        },
        "Resources": {
            "PipelineRole": _pipeline_role(app, stages),
            "BuildRole": _build_role(app),
            "Build": _project(names.pipeline(app), {"Fn::GetAtt": ["BuildRole", "Arn"]}, "buildspec.yml", {}),
            **{
                f"Deploy{stage.capitalize()}": _project(
                    names.deployer(app, stage),
                    global_arn("iam", f"role/{names.deployer(app, stage)}"),
                    _DEPLOYMENT,
                    {"STAGE": stage},
                )
                for stage in stages
            },
            "Pipeline": {
                "Type": "AWS::CodePipeline::Pipeline",
                "Properties": {
                    "Name": names.pipeline(app),
                    "PipelineType": "V2",
                    "ExecutionMode": "QUEUED",  # two deployments of a stage never run at once
                    "RoleArn": {"Fn::GetAtt": ["PipelineRole", "Arn"]},
                    "ArtifactStore": {"Type": "S3", "Location": {"Fn::Sub": names.bucket(app)}},
                    "Stages": _stages(stages),
                },
            },
        },
    }


def _stages(stages: Sequence[str]) -> list[dict[str, Any]]:
    source = {
        "Name": "Source",
        "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "CodeStarSourceConnection", "Version": "1"},
        "Configuration": {
            "ConnectionArn": {"Ref": "Connection"},
            "FullRepositoryId": {"Ref": "Repository"},
            "BranchName": {"Ref": "Branch"},
        },
        "OutputArtifacts": [{"Name": _SOURCE}],
    }
    build = {
        **_codebuild("Build", "Build", inputs=[_SOURCE]),
        "OutputArtifacts": [{"Name": _PACKAGES}],
    }
    return [
        {"Name": "Source", "Actions": [source]},
        {"Name": "Build", "Actions": [build]},
        *(_deployment(stage, approved=number > 0) for number, stage in enumerate(stages)),
    ]


def _deployment(stage: str, *, approved: bool) -> dict[str, Any]:
    approval = {
        "Name": "Approve",
        "RunOrder": 1,
        "ActionTypeId": {"Category": "Approval", "Owner": "AWS", "Provider": "Manual", "Version": "1"},
    }
    deploy = _codebuild("Deploy", f"Deploy{stage.capitalize()}", inputs=[_SOURCE, _PACKAGES])
    deploy["RunOrder"] = 2
    deploy["Configuration"]["PrimarySource"] = _SOURCE
    return {"Name": stage, "Actions": [*([approval] if approved else []), deploy]}


def _codebuild(name: str, project: str, *, inputs: Sequence[str]) -> dict[str, Any]:
    return {
        "Name": name,
        "ActionTypeId": {"Category": "Build", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"},
        "Configuration": {"ProjectName": {"Ref": project}},
        "InputArtifacts": [{"Name": each} for each in inputs],
    }


def _project(name: str, role: Any, buildspec: str, environment: dict[str, str]) -> dict[str, Any]:  # noqa: ANN401 - a template's value
    """Return a project. Its role is there before it: of the bootstrap, or the template's own."""
    return {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {
            "Name": name,
            "ServiceRole": role,
            "Source": {"Type": "CODEPIPELINE", "BuildSpec": buildspec},
            "Artifacts": {"Type": "CODEPIPELINE"},
            "TimeoutInMinutes": 60,
            "Environment": {
                "Type": "LINUX_CONTAINER",
                "ComputeType": "BUILD_GENERAL1_SMALL",
                "Image": _IMAGE,
                "EnvironmentVariables": [{"Name": key, "Value": value} for key, value in environment.items()],
            },
        },
    }


_DEPLOYMENT = f"""\
version: 0.2
phases:
  install:
    runtime-versions:
      python: "3.12"
  build:
    commands:
      - cp -R "$CODEBUILD_SRC_DIR_{_PACKAGES}/build" build
      - make install
      - .venv/bin/python -m grail deploy --stage "$STAGE" --via cloudformation --packaged --yes
      - .venv/bin/python -m grail smoke --stage "$STAGE"
"""


def _service(name: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": f"{name}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
    }


def _role(service: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": document([_service(service)]),
            "Policies": [{"PolicyName": "pipeline", "PolicyDocument": document(statements)}],
        },
    }


def _pipeline_role(app: str, stages: Sequence[str]) -> dict[str, Any]:
    projects = [names.pipeline(app), *(names.deployer(app, stage) for stage in stages)]
    return _role(
        "codepipeline",
        [
            allow("codestar-connections", "UseConnection", [{"Ref": "Connection"}]),
            allow("codeconnections", "UseConnection", [{"Ref": "Connection"}]),
            allow("codebuild", "BatchGetBuilds StartBuild", [arn("codebuild", f"project/{name}") for name in projects]),
            allow(
                "s3",
                "GetObject GetObjectVersion PutObject",
                [s3_arn(f"{names.bucket(app)}/{names.pipeline_folder(app)}/*")],
            ),
            allow("s3", "GetBucketVersioning", [s3_arn(names.bucket(app))]),
        ],
    )


def _build_role(app: str) -> dict[str, Any]:
    """Return the role of tests and packages, which can deploy nothing."""
    logs = f"log-group:/aws/codebuild/{names.pipeline(app)}"
    return _role(
        "codebuild",
        [
            allow(
                "s3",
                "GetObject GetObjectVersion PutObject",
                [s3_arn(f"{names.bucket(app)}/{names.pipeline_folder(app)}/*")],
            ),
            allow("logs", "CreateLogGroup CreateLogStream PutLogEvents", [arn("logs", logs), arn("logs", f"{logs}:*")]),
        ],
    )
