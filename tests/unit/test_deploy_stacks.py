"""How a stack is changed, by what CloudFormation answers; and what is not removed unasked."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from botocore.exceptions import ClientError
from chalice.app import Chalice, DynamoDBEventConfig

from grail import cloudformation
from grail.cloudformation import Stack
from grail.deploy import direct, drift, edge, mappings, removal, stacks, state
from grail.deploy.account import Account
from grail.errors import GrailError
from grail.project import Project
from grail.stack.functions import Caller, Function

SHOP = Stack("shop-dev")
ROLE = "arn:aws:iam::123456789012:role/cloudformation-shop-dev"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return what CloudFormation is here: each change set has one change, and is executed at once."""
    made = MagicMock()
    made.create_change_set.return_value = {"Id": "changes", "StackId": "stack"}
    made.describe_change_set.return_value = {"Status": "CREATE_COMPLETE"}
    change = {"Action": "Add", "LogicalResourceId": "Jobs", "ResourceType": "AWS::SQS::Queue"}
    made.get_paginator.return_value.paginate.return_value = [{"Changes": [{"ResourceChange": change}]}]
    monkeypatch.setattr(Stack, "_client", lambda _: made)
    monkeypatch.setattr(cloudformation, "POLL_SECONDS", 0)
    return made


def statuses(client: MagicMock, *found: str | None) -> None:
    """Let CloudFormation tell these statuses, one after the other; None where it knows no such stack."""
    unknown = ClientError({"Error": {"Code": "ValidationError", "Message": "it does not exist"}}, "DescribeStacks")
    client.describe_stacks.side_effect = [
        unknown if status is None else {"Stacks": [{"StackStatus": status}]} for status in found
    ]


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"])
def test_a_stack_that_never_was_is_made_anew(client: MagicMock, status: str) -> None:
    """CloudFormation takes no change of it."""
    statuses(client, status, status, None, "CREATE_COMPLETE")
    assert SHOP.deploy({"TemplateBody": "{}"})
    client.delete_stack.assert_called_once_with(StackName="shop-dev")
    assert client.create_change_set.call_args.kwargs["ChangeSetType"] == "CREATE"


def test_a_stack_that_is_being_changed_is_waited_for(client: MagicMock) -> None:
    """By somebody else, or by a run that was cut short; then it is changed, in the role that is named."""
    statuses(client, "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_COMPLETE")
    assert SHOP.deploy({"TemplateBody": "{}"}, role=ROLE)
    asked = client.create_change_set.call_args.kwargs
    assert (asked["ChangeSetType"], asked["RoleARN"], "OnStackFailure" in asked) == ("UPDATE", ROLE, False)


@pytest.mark.parametrize(("status", "kind"), [(None, "CREATE"), ("REVIEW_IN_PROGRESS", "CREATE"), ("X", "UPDATE")])
def test_what_is_not_agreed_to_leaves_nothing(client: MagicMock, status: str | None, kind: str) -> None:
    """Neither the change set nor a stack with nothing in it; a stack that was there stays."""
    statuses(client, status)
    with pytest.raises(GrailError, match="stack shop-dev: nothing was changed"):
        SHOP.deploy({"TemplateBody": "{}"}, agreed=lambda *_: False)
    client.delete_change_set.assert_called_once_with(ChangeSetName="changes")
    assert client.delete_stack.called == (kind == "CREATE")
    assert not client.execute_change_set.called


def test_a_change_set_that_fails_says_why(client: MagicMock) -> None:
    """It is deleted; where there is nothing to change, that is no failure."""
    client.describe_change_set.return_value = {"Status": "FAILED", "StatusReason": "Template error: no such type"}
    statuses(client, "UPDATE_COMPLETE", "UPDATE_COMPLETE")
    with pytest.raises(GrailError, match="stack shop-dev: Template error: no such type"):
        SHOP.deploy({"TemplateBody": "{}"})
    client.delete_change_set.assert_called_once_with(ChangeSetName="changes")
    client.describe_change_set.return_value["StatusReason"] = "The submitted information didn't contain changes."
    client.get_paginator.return_value.paginate.return_value = [{"Changes": []}]
    assert not SHOP.deploy({"TemplateBody": "{}"})


def test_of_a_stack_that_fails_the_first_failure_is_said(client: MagicMock) -> None:
    """All after it were cancelled for it; what failed on another day says nothing."""
    statuses(client, "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
    now, before = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)

    def failed(name: str, when: datetime) -> dict[str, Any]:
        reason = {"ResourceStatus": "UPDATE_FAILED", "ResourceStatusReason": f"why {name} did", "Timestamp": when}
        return {"LogicalResourceId": name, "ResourceType": "AWS::SQS::Queue"} | reason

    changes = client.get_paginator.return_value.paginate.return_value
    events = [{"StackEvents": [failed("Last", now), failed("First", now), failed("Yesterday", before)]}]
    client.get_paginator.return_value.paginate.side_effect = lambda **asked: events if "StackName" in asked else changes
    with pytest.raises(GrailError, match=r"stack shop-dev: First \(AWS::SQS::Queue\): why First did"):
        SHOP.deploy({"TemplateBody": "{}"})


def test_a_packaged_stages_data_goes_only_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then they stay in their stack, and all else goes from it."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text('{"app_name": "shop", "user_pool": true, "stages": {"dev": {}}}')
    monkeypatch.setitem(sys.modules, "app", MagicMock(app=Chalice("shop", configure_logs=False)))
    project, account = Project(tmp_path), Account("123456789012", "us-east-1", "aws")
    whole = MagicMock()
    deleted: list[Any] = []
    whole.template.return_value = {
        "Description": "shop, stage dev",
        "Resources": {"UserPool": {"Type": "AWS::Cognito::UserPool", "Properties": {}}, "RestAPI": {"Type": "X"}},
        "Outputs": {"EndpointURL": {"Value": "X"}},
    }
    monkeypatch.setattr(stacks, "packaged", lambda *_: whole)
    monkeypatch.setattr(removal, "_delete", deleted.append)
    removal.remove(project, "dev", account, with_data=False)
    left = json.loads(whole.deploy.call_args.args[0]["TemplateBody"])
    assert (left["Description"], set(left["Resources"]), "Outputs" in left) == ("shop, stage dev", {"UserPool"}, False)
    assert whole not in deleted
    removal.remove(project, "dev", account, with_data=True)
    left = json.loads(whole.deploy.call_args.args[0]["TemplateBody"])["Resources"]
    assert (left["UserPool"]["DeletionPolicy"], set(left)) == ("Delete", {"UserPool", "RestAPI"})
    assert deleted[-1] == whole


def test_the_edge_is_changed_in_the_role_that_its_stage_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the API's domain as its parameter."""
    asked: dict[str, Any] = {}
    monkeypatch.setattr(Stack, "deploy", lambda _, __, **given: asked.update(given) or True)
    account = Account("123456789012", "us-east-1", "aws")
    edge.deploy("shop", "dev", account, {}, domain="abc.example", role=ROLE, agreed=cloudformation.always)
    assert (asked["role"], asked["parameters"]) == (ROLE, {"ApiDomain": "abc.example"})


def test_an_edge_that_is_no_longer_declared_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a deployment, which leaves it: its address may be in use; and by a check, as a difference."""
    monkeypatch.setattr(Stack, "exists", lambda _: True)
    edge.say_undeclared("shop", "dev")
    assert capsys.readouterr().err.startswith("note: stack shop-dev-edge is there, and not declared; it stays")
    [found] = drift._of_stack(stacks.edge("shop", "dev"), None)
    assert (found.words, found.mend, found.hint) == (
        "stack shop-dev-edge is there, and not declared", None, edge.UNDECLARED,
    )  # fmt: skip
    monkeypatch.setattr(Stack, "exists", lambda _: False)
    edge.say_undeclared("shop", "dev")
    assert (capsys.readouterr().err, list(drift._of_stack(stacks.edge("shop", "dev"), None))) == ("", [])


def test_data_that_would_go_are_asked_for() -> None:
    """Where nobody can be asked, it is refused; what is added or changed in its place needs no question."""
    assert direct._agreed([("Add", "Logs", "AWS::Logs::LogGroup"), ("Modify", "Table", "AWS::DynamoDB::Table")])
    for action in ("Remove", "Replace"):
        with pytest.raises(GrailError, match=f"the data stack would {action} Table .*; to be asked nothing, say --yes"):
            direct._agreed([(action, "Table", "AWS::DynamoDB::Table")])


def test_what_is_about_to_be_made_is_recorded_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what was there before: if Chalice fails now, and the app changes, it still has to go."""
    wanted, former = {"name": "new", "resource_type": "iam_role"}, {"name": "old", "resource_type": "iam_role"}
    ready = MagicMock(bucket=None, local_record=tmp_path / "deployed" / "dev.json")
    ready.saved.return_value = [former]
    ready.mirror.state = tmp_path / "state.json"
    ready.mirror.chalice.side_effect = GrailError("chalice deploy: not now")
    monkeypatch.setattr(state, "planned", lambda *_, **__: [wanted])
    monkeypatch.setattr(state, "found", lambda *_: [former])
    with pytest.raises(GrailError, match="not now"):
        direct._run_chalice(ready)
    assert state.read(ready.local_record) == [wanted, former]
    assert state.read(ready.mirror.state) == [former]


def test_an_http_api_is_not_deployed_directly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`chalice deploy` would make a REST API of it."""
    (tmp_path / ".chalice").mkdir()
    config = '{"app_name": "shop", "stages": {"dev": {"api_kind": "http"}}}'
    (tmp_path / ".chalice" / "config.json").write_text(config)
    monkeypatch.setattr(stacks, "check_direct", lambda *_: None)
    with pytest.raises(GrailError, match="stage dev has an HTTP API"):
        direct._check(Project(tmp_path), "dev", Account("123456789012", "us-east-1", "aws"))


def test_what_a_stream_gives_up_goes_to_the_queue() -> None:
    """The event source of a stream says where; a queue's has dead letters, and says nothing."""
    stream = DynamoDBEventConfig("work", "app.work", "arn:stream", 10, "LATEST", 0)
    function = Function("work", "Work", "shop-dev-work", Caller.STREAM, "WorkEvent", stream)
    found = mappings.declared(function, failures="arn:failures")
    assert found["DestinationConfig"] == {"OnFailure": {"Destination": "arn:failures"}}
    assert (found["BatchSize"], found["BisectBatchOnFunctionError"]) == (10, True)
