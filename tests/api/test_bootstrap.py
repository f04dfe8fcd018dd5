"""A stage's bootstrap, made on moto."""

import functools
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.common_models import CloudFormationModel
from moto.iam.models import iam_backends

from grail.localcloud.moto_resources import _Created
from grail.pipeline import apply, bootstrap
from tests import moto_change_sets


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
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Mock an account, which other tests of this process may have used; return an app's name that is nobody's."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    moto_change_sets.apply(functools.partial(monkeypatch.setattr, raising=False))
    with mock_aws():
        yield f"shop-{uuid.uuid4().hex[:8]}"


def made(app: str, stage: str) -> dict[str, str]:
    """Bootstrap a stage; return the outputs."""
    template = bootstrap.template(app, stage, repository="example/shop", edge=True, key=False)
    return apply.apply(app, stage, template)


def resources(app: str, stage: str) -> set[str]:
    """Return what a stage's stack has."""
    found = boto3.client("cloudformation").list_stack_resources(StackName=f"bootstrap-{app}-{stage}")
    return {resource["LogicalResourceId"] for resource in found["StackResourceSummaries"]}


def test_the_bucket_is_named_by_app_account_and_region(app: str) -> None:
    """Nobody else has that name, and who deploys knows it without being told."""
    bucket = made(app, "prod")["Artifacts"]
    assert bucket == f"{app}-artifacts-123456789012-eu-central-1"
    names = [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
    assert [name for name in names if name.startswith(app)] == [bucket]


def test_done_again_it_changes_nothing(app: str) -> None:
    """The second time says the same, and nothing is doubled or lost."""
    first, before = made(app, "prod"), resources(app, "prod")
    assert made(app, "prod") == first
    assert resources(app, "prod") == before


def test_a_second_stage_shares_the_bucket_and_has_roles_of_its_own(app: str) -> None:
    """An account has one bucket of the app in a region, and knows GitHub once."""
    first, second = made(app, "staging"), made(app, "prod")
    assert first["Artifacts"] == second["Artifacts"]
    assert first["Deployer"] != second["Deployer"]
    assert {"Artifacts", "ArtifactsPolicy"} <= resources(app, "staging")
    assert not {"Artifacts", "ArtifactsPolicy", "GitHub"} & resources(app, "prod")


def test_the_stack_is_protected(app: str) -> None:
    """It can't be deleted by a slip of the hand."""
    made(app, "prod")
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=f"bootstrap-{app}-prod")["Stacks"]
    assert stack["EnableTerminationProtection"]
