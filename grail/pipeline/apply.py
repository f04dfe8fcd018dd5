"""A stage's bootstrap as a stack, made or changed; and what the account has already."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError

from grail.cloudformation import Stack
from grail.errors import GrailError
from grail.pipeline import bootstrap, deployer, names


def apply(app: str, stage: str, template: Mapping[str, Any]) -> dict[str, str]:
    """Make the stack be as its template says; return its outputs. Raises GrailError where it fails."""
    stack = Stack(names.stack(app, stage))
    parameters = {key: value for key, value in _parameters(app, stack).items() if key in template["Parameters"]}
    stack.deploy({"TemplateBody": json.dumps(template, separators=(",", ":"))}, parameters=parameters)
    stack.protect()
    return stack.outputs()


def _parameters(app: str, stack: Stack) -> dict[str, str]:
    """Say what the stack makes: what it made before, and what nobody has made."""
    made = stack.resources() if stack.exists() else set()
    makes_bucket = "Artifacts" in made or not _has_bucket(app)
    makes_provider = "GitHub" in made or not _knows_github()
    return {
        bootstrap.MAKES_BUCKET: str(makes_bucket).lower(),
        bootstrap.MAKES_PROVIDER: str(makes_provider).lower(),
    }


def _has_bucket(app: str) -> bool:
    """Tell whether the account has the bucket. Raises GrailError where another account has it."""
    client = boto3.client("s3")
    account = boto3.client("sts").get_caller_identity()["Account"]
    bucket = names.bucket(app, account=account, region=client.meta.region_name)
    try:
        client.head_bucket(Bucket=bucket, ExpectedBucketOwner=account)
    except ClientError as error:
        match error.response["Error"]["Code"]:
            case "404":
                return False
            case "403":
                message = f"the bucket {bucket} is another account's, or you may not see it"
                raise GrailError(message) from error
        raise
    return True


def _knows_github() -> bool:
    providers = boto3.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return any(provider["Arn"].endswith(f"/{deployer.GITHUB}") for provider in providers)
