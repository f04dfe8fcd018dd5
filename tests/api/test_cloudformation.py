"""CloudFormation stacks, on moto in this process."""

import json
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws

from grail.cloudformation import Change, Stack
from grail.deploy import stacks
from grail.errors import GrailError

SHOP = Stack("shop-stacks")


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mock AWS in this process, which other tests may have done before."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def source(*queues: str) -> dict[str, str]:
    """Return a template with some queues."""
    resources = {name: {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name.lower()}} for name in queues}
    return {"TemplateBody": json.dumps({"Resources": resources})}


def test_a_stack_is_made_changed_and_left_alone() -> None:
    """Whatever it was before; what nobody agrees to is not made, and leaves nothing."""
    shown: list[Change] = []

    def refused(_: Stack, changes: list[Change]) -> bool:
        shown.extend(changes)
        return False

    with pytest.raises(GrailError, match="nothing was changed"):
        SHOP.deploy(source("Jobs"), agreed=refused)
    assert (shown, SHOP.exists()) == ([("Add", "Jobs", "AWS::SQS::Queue")], False)
    assert SHOP.deploy(source("Jobs"))
    assert not SHOP.deploy(source("Jobs"))
    assert SHOP.deploy(source("Jobs", "More"))
    assert set(SHOP.template()["Resources"]) == {"Jobs", "More"}
    SHOP.delete()
    SHOP.delete()
    assert not SHOP.exists()


@pytest.mark.parametrize("check", [stacks.check_own, stacks.check_direct, stacks.check_packaged])
def test_anothers_stack_is_left_alone(check: Callable[[str, str], None]) -> None:
    """Where app and stage run together to the name of another's: `shop-dev` has a stage `data`, `shop` its data."""
    template = {"Description": "Data of shop, stage dev", "Resources": json.loads(source("Jobs")["TemplateBody"])}
    template["Resources"] = template["Resources"]["Resources"]
    boto3.client("cloudformation").create_stack(StackName="shop-dev-data", TemplateBody=json.dumps(template))
    stacks.check_own("shop", "dev")
    with pytest.raises(GrailError, match="stack shop-dev-data is another's, 'Data of shop, stage dev'"):
        check("shop-dev", "data")
    Stack("shop-dev-data").delete()
