"""A stage's bootstrap, made on moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.common_models import CloudFormationModel
from moto.iam.models import iam_backends

from grail.localcloud.moto_resources import _Created
from grail.pipeline import apply, bootstrap

APP = "shop"


class Provider(_Created, CloudFormationModel):
    """An OpenID Connect provider, which moto's IAM has and its CloudFormation does not."""

    @staticmethod
    def cloudformation_type() -> str:
        """Return the type."""
        return "AWS::IAM::OIDCProvider"

    @classmethod
    def create(cls, properties: dict[str, Any], account: str, region: str) -> "Provider":
        """Make one; IAM is in no region."""
        del region
        backend: Any = iam_backends[account]["aws"]
        made = backend.create_open_id_connect_provider(properties["Url"], [], properties["ClientIdList"], [])
        return cls(made.arn, {})


@pytest.fixture
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mock an account with nothing in it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield


def made(stage: str) -> dict[str, str]:
    """Bootstrap a stage; return the outputs."""
    template = bootstrap.template(APP, stage, repository="example/shop", edge=True, key=False)
    return apply.apply(APP, stage, template)


def resources(stage: str) -> set[str]:
    """Return what a stage's stack has."""
    found = boto3.client("cloudformation").list_stack_resources(StackName=f"bootstrap-{APP}-{stage}")
    return {resource["LogicalResourceId"] for resource in found["StackResourceSummaries"]}


@pytest.mark.usefixtures("_account")
def test_the_bucket_is_named_by_app_account_and_region() -> None:
    """Nobody else has that name, and who deploys knows it without being told."""
    bucket = made("prod")["Artifacts"]
    assert bucket == "shop-artifacts-123456789012-eu-central-1"
    assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == [bucket]


@pytest.mark.usefixtures("_account")
def test_done_again_it_changes_nothing() -> None:
    """The second time says the same, and nothing is doubled or lost."""
    first, before = made("prod"), resources("prod")
    assert made("prod") == first
    assert resources("prod") == before


@pytest.mark.usefixtures("_account")
def test_a_second_stage_shares_the_bucket_and_has_roles_of_its_own() -> None:
    """An account has one bucket of the app in a region, and knows GitHub once."""
    first, second = made("staging"), made("prod")
    assert first["Artifacts"] == second["Artifacts"]
    assert first["Deployer"] != second["Deployer"]
    assert {"Artifacts", "ArtifactsPolicy"} <= resources("staging")
    assert not {"Artifacts", "ArtifactsPolicy", "GitHub"} & resources("prod")


@pytest.mark.usefixtures("_account")
def test_the_stack_is_protected() -> None:
    """It can't be deleted by a slip of the hand."""
    made("prod")
    [stack] = boto3.client("cloudformation").describe_stacks(StackName="bootstrap-shop-prod")["Stacks"]
    assert stack["EnableTerminationProtection"]
