"""The packaged path: a stage's code and template in a bucket, and a change set that is shown before it is executed.

What CloudFormation gets is the translated template, the one that cfn-lint and checkov looked at.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from grail.deploy import names, stacks
from grail.deploy.account import Account
from grail.errors import GrailError
from grail.project import Project
from grail.stack import package

_CODE = {"AWS::Lambda::Function": "Code", "AWS::Lambda::LayerVersion": "Content"}


def deploy(
    project: Project,
    stage: str,
    account: Account,
    *,
    out: Path,
    bucket: str,
    agreed: Callable[[list[stacks.Change]], bool],
) -> bool:
    """Deploy what `grail stack package` put into a folder; tell whether something changed. Raises GrailError."""
    names.check_packaged(project.name, stage)
    _check_bucket(bucket)
    template = package.read(out / "cloudformation.json")
    for resource in template["Resources"].values():
        if resource["Type"] in _CODE:
            place = resource["Properties"][_CODE[resource["Type"]]]
            name = place.get("S3Key", "")
            if place.get("S3Bucket") == "uploaded":  # what grail.stack.translate says of a file
                place |= {"S3Bucket": bucket, "S3Key": _upload_file(out / name, bucket, f"{project.name}/{stage}")}
    return stacks.deploy(names.packaged_stack(project.name, stage), uploaded(template, bucket, account), agreed=agreed)


def bucket_name(app: str, account: Account) -> str:
    """Return the name of the bucket for packages, which an account's bootstrap makes."""
    return f"{app}-artifacts-{account.id}-{account.region}"


def uploaded(template: Mapping[str, Any], bucket: str, account: Account) -> dict[str, str]:
    """Put a template into a bucket, under a name that is its own; return what CloudFormation takes."""
    body = json.dumps(template, sort_keys=True, separators=(",", ":")).encode()
    key = f"templates/{hashlib.sha256(body).hexdigest()}.json"
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)
    suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
    return {"TemplateURL": f"https://{bucket}.s3.{account.region}.{suffix}/{key}"}


def _check_bucket(bucket: str) -> None:
    try:
        boto3.client("s3").head_bucket(Bucket=bucket)
    except ClientError as error:
        message = f"there is no bucket {bucket} for packages that you may use; make it, or name one with --bucket"
        raise GrailError(message) from error


def _upload_file(file: Path, bucket: str, prefix: str) -> str:
    """Put a file into a bucket, unless it is there; return its name, which follows from what is in it."""
    key = f"{prefix}/{hashlib.sha256(file.read_bytes()).hexdigest()}{file.suffix}"
    client = boto3.client("s3")
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError:
        print(f"uploading {file.name}", file=sys.stderr)
        client.upload_file(str(file), bucket, key)
    return key
