"""What no request shows, and where each function's policy stands."""

import json
from pathlib import Path
from typing import Any

import pytest
from chalice.app import Chalice, SQSEvent
from chalice.config import Config
from moto.iam.aws_managed_policies import aws_managed_policies_data

from grail.errors import GrailError
from grail.iam import roles, unseen
from grail.iam.conditions import as_list
from grail.iam.needs import Need
from grail.project import Project
from grail.stack import functions

FAILURES = {"arn:aws:sqs:*:*:shop-dev-failures": {"sqs"}}
MANAGED = json.loads(aws_managed_policies_data)


def shop() -> Chalice:
    """Return an app with a function of each kind."""
    app = Chalice("shop")

    def handle(event: SQSEvent) -> None:
        """Do nothing."""

    app.route("/")(lambda: None)
    app.authorizer(name="gate")(lambda _: None)
    app.lambda_function(name="plain")(handle)
    app.schedule("rate(1 day)", name="daily")(handle)
    app.on_sqs_message(queue="shop-dev-q", name="on_queue")(handle)
    app.on_sqs_message(queue_arn="arn:aws:sqs:eu-central-1:1:shop-dev-r", name="on_queue_arn")(handle)
    app.on_dynamodb_record(stream_arn="", name="on_record")(handle)
    app.on_dynamodb_record("arn:aws:dynamodb:x:1:table/other/stream/2026", name="on_others")(handle)
    app.on_kinesis_record(stream="clicks", name="on_click")(handle)
    return app


def needs(function: str, **settings: Any) -> dict[str, set[str]]:
    """Return what a function needs unseen: from resource to actions."""
    config = Config(chalice_stage="dev", config_from_disk={"app_name": "shop", **settings})
    found: dict[str, set[str]] = {}
    [made] = [each for each in functions.of(shop(), name="shop", stage="dev") if each.name == function]
    for need in unseen.needs(made, config, table="shop-dev"):
        assert need.reason
        found.setdefault(need.resource, set()).add(need.action.split(":")[0])
    return found


@pytest.mark.parametrize(
    ("function", "group", "polled"),
    [
        ("api_handler", "shop-dev", {}),
        ("gate", "shop-dev-gate", {}),
        ("plain", "shop-dev-plain", {}),
        ("daily", "shop-dev-daily", FAILURES),
        ("on_queue", "shop-dev-on_queue", {"arn:aws:sqs:*:*:shop-dev-q": {"sqs"}}),
        ("on_queue_arn", "shop-dev-on_queue_arn", {"arn:aws:sqs:*:*:shop-dev-r": {"sqs"}}),
        ("on_record", "shop-dev-on_record", {"arn:aws:dynamodb:*:*:table/shop-dev/stream/*": {"dynamodb"}, **FAILURES}),
        ("on_others", "shop-dev-on_others", {"arn:aws:dynamodb:*:*:table/other/stream/*": {"dynamodb"}, **FAILURES}),
        ("on_click", "shop-dev-on_click", {"arn:aws:kinesis:*:*:stream/clicks": {"kinesis"}, **FAILURES}),
    ],
)
def test_what_lambda_does_follows_from_the_app(function: str, group: str, polled: dict[str, set[str]]) -> None:
    """It writes each function's log, reads what its event source has, and keeps what it gives up."""
    assert needs(function) == {f"arn:aws:logs:*:*:log-group:/aws/lambda/{group}:*": {"logs"}, **polled}


def test_what_lambda_does_follows_from_the_configuration() -> None:
    """It sends traces, and connects to a VPC."""
    assert needs("daily", xray=True)["*"] == {"xray"}
    vpc = {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]}
    assert needs("daily", stages={"dev": {"lambda_functions": {"daily": vpc}}})["*"] == {"ec2"}
    assert "*" not in needs("on_queue", stages={"dev": {"lambda_functions": {"daily": vpc}}})


@pytest.mark.parametrize(
    ("of", "policy", "too_much"),
    [
        ("function", "AWSLambdaDynamoDBExecutionRole", "dynamodb:*"),
        ("queue", "AWSLambdaSQSQueueExecutionRole", ""),
        ("table", "AWSLambdaDynamoDBExecutionRole", ""),
        ("stream", "AWSLambdaKinesisExecutionRole", "kinesis:ListStreams"),
        ("network", "AWSLambdaVPCAccessExecutionRole", ""),
        ("tracing", "AWSXRayDaemonWriteAccess", "xray:Get*"),
    ],
)
def test_the_table_has_what_awss_own_policies_have(of: str, policy: str, too_much: str) -> None:
    """But for log groups, which the stack makes, and what is for other things than Lambda's."""
    [row] = [row for row in unseen.TABLE if row.of == of]
    statements = MANAGED[policy]["Document"]["Statement"]
    theirs = {action for statement in statements for action in as_list(statement["Action"])}
    prefix = row.actions[0].split(":")[0]
    extra = {action for action in theirs if too_much and action.startswith(too_much.removesuffix("*"))}
    assert set(row.actions) == {a for a in theirs - extra if a.startswith(prefix)} - {"logs:CreateLogGroup"}


def test_an_app_adds_its_own() -> None:
    """With a reason, by which a `*` has one too."""
    resource = "arn:aws:cognito-idp:*:*:userpool/*"
    row = {"function": "gate", "actions": ["cognito-idp:AdminGetUser"], "resource": resource, "reason": "AWS names it"}
    named = {**row, "resource": "arn:aws:sqs:*:*:shop-{stage}-lost"}
    found = [*unseen.registered([row, named], "gate", "dev")]
    assert found[0] == Need("cognito-idp:AdminGetUser", resource, reason="AWS names it")
    assert found[1].resource == "arn:aws:sqs:*:*:shop-dev-lost"
    assert unseen.is_explained(resource, found)
    assert not unseen.is_explained(resource, [])
    assert not [*unseen.registered([row], "daily", "dev")]


def project(folder: Path, **settings: Any) -> Project:
    """Return a project with a configuration."""
    (folder / ".chalice").mkdir()
    config = {"version": "2.0", "app_name": "shop", "autogen_policy": False, "stages": {"dev": {}}, **settings}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    return Project(folder)


def test_a_policy_stands_where_chalice_finds_it(tmp_path: Path) -> None:
    """By the function's setting, or in the file of the stage."""
    functions = {"gate": {"iam_policy_file": "gate.json"}}
    found = roles.policy_files(project(tmp_path, stages={"dev": {"lambda_functions": functions}}), "dev", ["a", "gate"])
    assert {name: file.name for name, file in found.items()} == {"a": "policy-dev.json", "gate": "gate.json"}


def test_no_two_functions_have_one_policy(tmp_path: Path) -> None:
    """What one needs would be too much for the other."""
    with pytest.raises(GrailError, match="gate has no policy of its own in stage dev"):
        roles.policy_files(project(tmp_path), "dev", ["api_handler", "gate"])


def test_a_policy_that_chalice_makes_up_is_refused(tmp_path: Path) -> None:
    """It reads app.py alone."""
    with pytest.raises(GrailError, match="autogen_policy"):
        roles.policy_files(project(tmp_path, autogen_policy=True), "dev", ["api_handler"])


def test_a_policy_is_json(tmp_path: Path) -> None:
    """One that is not there yet allows nothing."""
    assert roles.policy(tmp_path / "none.json") == {}
    (tmp_path / "bad.json").write_text("{")
    with pytest.raises(GrailError, match=r"bad\.json is not JSON"):
        roles.policy(tmp_path / "bad.json")
