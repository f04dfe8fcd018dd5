"""A stage's bootstrap as a stack, made or changed; and what the account has already."""

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from grail.errors import GrailError
from grail.pipeline import bootstrap, deployer, names
from grail.stack import outputs

_UNCHANGED = "No updates are to be performed"


def apply(app: str, stage: str, template: Mapping[str, Any]) -> dict[str, str]:
    """Make the stack be as its template says; return its outputs. Raises GrailError where it fails."""
    client = boto3.client("cloudformation")
    name = names.stack(app, stage)
    made = _made(name)
    wanted: dict[str, Any] = {
        "StackName": name,
        "TemplateBody": json.dumps(template, separators=(",", ":")),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in _parameters(app, made).items()
            if key in template["Parameters"]
        ],
    }
    try:
        if made is None:
            client.create_stack(**wanted, EnableTerminationProtection=True)
            client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 5})
        else:
            client.update_stack(**wanted)
            client.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 5})
    except WaiterError as error:
        message = f"stack {name} failed; `aws cloudformation describe-stack-events --stack-name {name}` says why"
        raise GrailError(message) from error
    except ClientError as error:
        if _UNCHANGED not in str(error):
            raise
    return outputs.read(name)


def _made(name: str) -> set[str] | None:
    """Return the logical ids of what the stack has; None where there is no stack."""
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=name)
    try:
        found = [each for page in pages for each in page["StackResourceSummaries"]]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise
    return {each["LogicalResourceId"] for each in found if each["ResourceStatus"] != "DELETE_COMPLETE"}


def _parameters(app: str, made: set[str] | None) -> dict[str, str]:
    """Say what the stack makes: what it made before, and what nobody has made."""
    made = made or set()
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
