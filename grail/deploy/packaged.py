"""The packaged path: a stage's code and template in a bucket, and change sets that are shown before they are executed.

What CloudFormation gets is the translated template, the one that cfn-lint and checkov looked at. A stage with a
permissions boundary is changed in the role that its bootstrap made for CloudFormation.
"""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

from grail.cloudformation import Change, Stack
from grail.deploy import edge, stacks
from grail.deploy.account import Account
from grail.deploy.templates import source
from grail.errors import GrailError
from grail.pipeline import names
from grail.project import Project
from grail.stack import package, settings

_CODE = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}


def deploy(
    project: Project,
    stage: str,
    account: Account,
    *,
    out: Path,
    at_edge: Path | None,
    agreed: Callable[[Stack, list[Change]], bool],
) -> bool:
    """Deploy what `grail stack package` put into a folder, then the edge; tell whether something changed.

    What is done with a stack is shown first, and must be `agreed` to. Raises GrailError.
    """
    bucket = packages(project.name, account)
    template = package.read(out / "cloudformation.json")
    for resource in template["Resources"].values():
        if resource["Type"] in _CODE:
            place = resource["Properties"][_CODE[resource["Type"]]]
            name = place.get("S3Key", "")
            if place.get("S3Bucket") == "uploaded":  # what grail.stack.translate says of a file
                place |= {"S3Bucket": bucket, "S3Key": _upload_file(out / name, bucket, f"{stage}/")}
    role = _role(project, stage, account)
    stack = stacks.packaged(project.name, stage)
    try:
        changed = stack.deploy(source(template, account, bucket=bucket, prefix=f"{stage}/"), role=role, agreed=agreed)
    except ClientError as error:
        if role is None or role not in str(error):
            raise
        message = f"CloudFormation has no role for stage {stage}: `python -m grail bootstrap --stage {stage}` makes it"
        raise GrailError(message) from error
    if at_edge is None:
        edge.say_undeclared(project.name, stage)
        return changed
    domain = stack.outputs()[edge.API_DOMAIN]
    template = package.read(at_edge)
    return edge.deploy(project.name, stage, account, template, domain=domain, role=role, agreed=agreed) or changed


def check(project: Project, stage: str, account: Account) -> None:
    """Raise GrailError for a stage that can't be deployed so: before it is packaged, which takes a while."""
    stacks.check_packaged(project.name, stage)
    _check_bucket(packages(project.name, account))


def packages(app: str, account: Account) -> str:
    """Return the name of the bucket for packages, which an account's bootstrap makes."""
    return names.bucket(app, account=account.id, region=account.region)


def _role(project: Project, stage: str, account: Account) -> str | None:
    """Return the ARN of CloudFormation's role; None for a stage that has no bootstrap."""
    if not settings.read(project, stage).permissions_boundary:
        return None
    return account.arn("iam", f"role/{names.execution(project.name, stage)}")


def _check_bucket(bucket: str) -> None:
    try:
        boto3.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        message = (
            f"there is no bucket {bucket} for packages that you may use: `python -m grail bootstrap` makes it"
            " (docs/pipelines.md), or you do"
        )
        raise GrailError(message) from error


def _upload_file(file: Path, bucket: str, prefix: str) -> str:
    """Put a file into a bucket, unless it is there; return its name, which follows from what is in it."""
    key = f"{prefix}{hashlib.sha256(file.read_bytes()).hexdigest()}{file.suffix}"
    client = boto3.client("s3")
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError:
        print(f"uploading {file.name}", file=sys.stderr)
        client.upload_file(str(file), bucket, key)
    return key
