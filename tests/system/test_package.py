"""`python -m grail stack package` on each stage, and what it makes: as files, as CloudFormation, as a stack on moto."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from chalice.app import ScheduleExpression
from chalice.config import Config
from moto import mock_aws

from app import app
from chalicelib.repositories.keys import TABLE
from chalicelib.repositories.queue import QUEUES
from chalicelib.settings import APP
from grail.errors import GrailError
from grail.iam.evaluator import allows
from grail.stack import functions, package
from grail.stack.functions import Caller
from tests import moto_stack
from tests.system.conftest import ROOT, copy_project, environment

STAGES = ("dev", "staging", "prod")
ACCOUNT = "arn:aws:{}:us-east-1:123456789012:{}"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, without what ships: to download that is Chalice's business, and takes minutes."""
    folder = copy_project(tmp_path_factory.mktemp("package"))
    (folder / "requirements.txt").write_text("")
    return folder


class Packaged:
    """A stage's package: what was said, Chalice's template with ours in it, and CloudFormation's of it."""

    def __init__(self, folder: Path, stage: str) -> None:
        self.stage = stage
        command = [sys.executable, "-m", "grail", "stack", "package", "--stage", stage]
        env = environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
        self.done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert self.done.returncode == 0, self.done.stderr
        out = folder / "build" / stage
        self.overlay = (folder / "infra" / f"{stage}.json").read_text()
        self.infra = {file.name: file.read_text() for file in (folder / "infra").glob(f"{stage}*.json")}
        self.sam: dict[str, Any] = json.loads((out / "sam.json").read_text())["Resources"]
        self.template: dict[str, Any] = json.loads((out / "cloudformation.json").read_text())
        self.resources: dict[str, Any] = self.template["Resources"]

    def waited_for(self, name: str) -> set[str]:
        """Return the resources that CloudFormation makes before one: those it names, and theirs."""
        found: set[str] = set()
        new = {name}
        while new:
            found |= new
            new = {other for one in new for other in _named(self.resources[one])} & set(self.resources) - found
        return found - {name}

    def of_type(self, kind: str) -> dict[str, Any]:
        """Return the properties of the resources of a type."""
        return {name: found["Properties"] for name, found in self.resources.items() if found["Type"] == kind}


def _named(value: Any) -> Iterator[str]:
    """Yield what a resource names of others, and all strings beside."""
    match value:
        case {"Fn::Sub": str() as text}:
            yield from (name.partition(".")[0] for name in re.findall(r"\$\{([A-Za-z0-9.]+)\}", text))
        case {"Ref": str() as name} | {"Fn::GetAtt": [str() as name, *_]}:
            yield name
        case {"DependsOn": names, **others}:
            yield from [names] if isinstance(names, str) else names
            yield from _named(others)
        case dict():
            for member in value.values():
                yield from _named(member)
        case list():
            for member in value:
                yield from _named(member)


@pytest.fixture(scope="session", params=STAGES)
def packaged(request: pytest.FixtureRequest, project: Path) -> Packaged:
    """Package a stage, once for all tests of a worker."""
    return made(project, request.param)


made = cache(Packaged)


def test_the_committed_templates_are_the_generated_ones(packaged: Packaged) -> None:
    """To the letter, that of the edge too: `python -m grail stack write` makes them anew."""
    committed = {file.name: file.read_text() for file in (ROOT / "infra").glob(f"{packaged.stage}*.json")}
    assert committed == packaged.infra


def test_it_says_what_it_made(packaged: Packaged) -> None:
    """The template, the code, and how many resources CloudFormation makes of it; SAM and cfn-lint found nothing."""
    sam, code, made_of_it, *edge = (line for line in packaged.done.stdout.splitlines() if ": " in line)
    assert sam.startswith(f"build/{packaged.stage}/sam.json")
    assert code.startswith(f"build/{packaged.stage}/deployment.zip")
    assert made_of_it.endswith(f", {len(packaged.resources)} resources")
    assert [line.partition(":")[0] for line in edge] == [f"infra/{name}" for name in packaged.infra if "-edge" in name]
    assert "warning" not in packaged.done.stderr.lower()


def test_all_that_is_declared_is_in_the_template(packaged: Packaged) -> None:
    """Chalice keeps each value that is merged into its own, and SAM each resource."""

    def check(ours: Any, merged: Any, place: str) -> None:
        if isinstance(ours, dict):
            for name, value in ours.items():
                check(value, merged[name], f"{place}/{name}")
        else:
            assert merged == ours, place

    ours = json.loads(packaged.overlay)["Resources"]
    check(ours, packaged.sam, "")
    assert set(ours) <= set(packaged.resources)


def test_no_function_is_called_past_its_alias(packaged: Packaged) -> None:
    """By API Gateway, an event source, a rule, a permission: nothing but the alias itself, and its logs, name one."""
    names = set(packaged.of_type("AWS::Lambda::Function"))
    aliases = packaged.of_type("AWS::Lambda::Alias")
    assert {alias["FunctionName"]["Ref"] for alias in aliases.values()} == names
    for kind in (
        "AWS::ApiGateway::RestApi",
        "AWS::Events::Rule",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
    ):
        for found in packaged.of_type(kind).values():
            text = json.dumps(found)
            for name in names:
                assert f'{{"Ref": "{name}"}}' not in text
                assert f'"Fn::GetAtt": ["{name}"' not in text
                assert f"${{{name}." not in text
    called = json.dumps(packaged.of_type("AWS::ApiGateway::RestApi"))
    assert "functions/${APIHandlerAliaslive}/invocations" in called
    assert "functions/${GateAliaslive}/invocations" in called


def test_whatever_polls_waits_for_what_it_polls(packaged: Packaged) -> None:
    """A mapping is refused before its queue is there, and a stage's access log before the account has its role."""
    queues = {found["QueueName"]: name for name, found in packaged.of_type("AWS::SQS::Queue").items()}
    for name, mapping in packaged.of_type("AWS::Lambda::EventSourceMapping").items():
        source = json.dumps(mapping["EventSourceArn"])
        waited = packaged.waited_for(name)
        assert "Table" in waited if "Table" in source else queues[source.rstrip('"}').rpartition(":")[2]] in waited, (
            name
        )
    [stage] = packaged.of_type("AWS::ApiGateway::Stage")
    assert "GatewayAccount" in packaged.waited_for(stage)
    assert "RestAPI" in packaged.waited_for("GatewayAccount")


def test_each_function_has_a_role_and_a_log_of_its_own(packaged: Packaged) -> None:
    """The role is for no other function, and the log is there before the function."""
    roles = [one["Role"]["Fn::GetAtt"][0] for one in packaged.of_type("AWS::Lambda::Function").values()]
    assert len(set(roles)) == len(roles) == len(functions.of(app, name=APP, stage=packaged.stage))
    logs = packaged.of_type("AWS::Logs::LogGroup")
    for name, found in packaged.resources.items():
        if found["Type"] == "AWS::Lambda::Function":
            log = found["DependsOn"][0]
            assert logs[log]["LogGroupName"] == f"/aws/lambda/{found['Properties']['FunctionName']}", name


def test_what_is_given_up_may_be_sent_where_it_goes(packaged: Packaged) -> None:
    """Lambda sends it in the function's role; nobody else's role may."""
    queue = packaged.resources["Failures"]["Properties"]["QueueName"]
    giving_up = {found["FunctionName"]["Ref"] for found in packaged.of_type("AWS::Lambda::EventInvokeConfig").values()}
    for found in packaged.of_type("AWS::Lambda::EventSourceMapping").values():
        if "DestinationConfig" in found:
            giving_up.add(found["FunctionName"]["Ref"].removesuffix("Aliaslive"))
    allowed = set()
    for name, function in packaged.of_type("AWS::Lambda::Function").items():
        [policy] = packaged.resources[function["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"]
        if allows(policy["PolicyDocument"], action="sqs:SendMessage", resource=ACCOUNT.format("sqs", queue)):
            allowed.add(name)
    assert allowed == giving_up


def test_only_prod_keeps_its_data(packaged: Packaged) -> None:
    """When its stack goes, or a change would make a resource anew."""
    kept = {name for name, found in packaged.resources.items() if "Retain" in found.get("DeletionPolicy", "")}
    data = {"Table", "Files", "EventsQueue", "InboxQueue", "UserPool"}
    assert data <= kept if packaged.stage == "prod" else not data & kept
    assert packaged.resources["Table"]["Properties"]["DeletionProtectionEnabled"] is (packaged.stage == "prod")


def test_a_stage_where_there_are_users_is_deployed_bit_by_bit(packaged: Packaged) -> None:
    """Staging as prod, so that it is tried; each group goes back on alarms that are in the template."""
    groups = packaged.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == (0 if packaged.stage == "dev" else len(packaged.of_type("AWS::Lambda::Function")))
    alarms = packaged.of_type("AWS::CloudWatch::Alarm")
    assert bool(alarms) == (packaged.stage != "dev")
    for group in groups.values():
        assert {one["Name"]["Ref"] for one in group["AlarmConfiguration"]["Alarms"]} <= set(alarms)
        assert group["AutoRollbackConfiguration"]["Enabled"] is True


@pytest.fixture
def created(packaged: Packaged, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packaged]:
    """Create a stage's stack on moto, where other tests of this process may have made things of other names."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        moto_stack.create(f"{APP}-{packaged.stage}", packaged.template)
        yield packaged


def test_the_stack_is_what_the_app_declares(created: Packaged) -> None:
    """Read back, by AWS's own APIs: table, queues, bucket, functions, what calls them, and the API."""
    stage = created.stage
    check_table(stage)
    check_queues(stage)
    check_bucket(stage)
    check_functions(stage)
    check_event_sources(stage)
    check_api(stage)


def check_table(stage: str) -> None:
    """Compare the table with the keys that the repositories use."""
    dynamodb = boto3.client("dynamodb")
    table = dynamodb.describe_table(TableName=f"{APP}-{stage}")["Table"]

    def keys(found: Any) -> tuple[str, ...]:
        return tuple(key["AttributeName"] for key in found["KeySchema"])

    declared: Any = TABLE
    indexes = {index["IndexName"]: keys(index) for index in table["GlobalSecondaryIndexes"]}
    assert (keys(table), indexes) == (
        tuple(declared["key"]),
        {name: tuple(pair) for name, pair in declared["indexes"].items()},
    )
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": declared["stream"]}
    ttl = dynamodb.describe_time_to_live(TableName=f"{APP}-{stage}")["TimeToLiveDescription"]
    assert ttl == {"AttributeName": declared["ttl"], "TimeToLiveStatus": "ENABLED"}
    assert table["DeletionProtectionEnabled"] is (stage == "prod")


def check_queues(stage: str) -> None:
    """Compare the queues with what the app declares of them; each other one is for what was given up."""
    sqs = boto3.client("sqs")
    found = {
        url.rpartition("/")[2]: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in sqs.list_queues(QueueNamePrefix=f"{APP}-{stage}-")["QueueUrls"]
    }
    given_up = {f"{APP}-{stage}-failures", *(f"{APP}-{stage}-{name}-dlq" for name in QUEUES)}
    assert set(found) == given_up | {f"{APP}-{stage}-{name}" for name in QUEUES}
    for name, wanted in QUEUES.items():
        queue = found[f"{APP}-{stage}-{name}"]
        arn = ACCOUNT.format("sqs", f"{APP}-{stage}-{name}-dlq")
        redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": wanted["receives"]}
        assert (json.loads(queue["RedrivePolicy"]), int(queue["VisibilityTimeout"])) == (
            redrive,
            wanted["visibility_seconds"],
        )
    assert {found[name]["MessageRetentionPeriod"] for name in given_up} == {str(14 * 86_400)}


def check_bucket(stage: str) -> None:
    """Look at what moto's CloudFormation takes of a bucket; the rest is cfn-lint's."""
    s3 = boto3.client("s3")
    bucket = f"{APP}-{stage}-files"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [encryption] = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    [rule] = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    assert rule["AllowedOrigins"] == configured(stage, "api_handler").environment_variables["CORS_ORIGINS"].split()


def configured(stage: str, function: str) -> Config:
    """Return what Chalice's configuration says of a function."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    return Config(chalice_stage=stage, config_from_disk=config).scope(stage, function)


def check_functions(stage: str) -> None:
    """Compare the functions with the app's and Chalice's configuration; each has an alias on its first version."""
    client = boto3.client("lambda")
    declared = {function.lambda_name: function for function in functions.of(app, name=APP, stage=stage)}
    found = {
        function["FunctionName"]: function
        for function in client.list_functions()["Functions"]
        if function["FunctionName"].startswith(f"{APP}-{stage}")
    }
    assert found.keys() == declared.keys()
    for name, function in declared.items():
        config = configured(stage, function.name)
        assert found[name]["Handler"] == f"app.{'app' if function.caller is Caller.API else function.name}"
        assert (found[name]["MemorySize"], found[name]["Timeout"]) == (config.lambda_memory_size, config.lambda_timeout)
        assert config.environment_variables.items() <= found[name]["Environment"]["Variables"].items()
        assert client.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"


def check_event_sources(stage: str) -> None:
    """Compare mappings and rules with the app's decorators; each calls the function's alias."""
    client, events = boto3.client("lambda"), boto3.client("events")
    mappings = {
        mapping["FunctionArn"].split(":")[6]: mapping
        for mapping in client.list_event_source_mappings()["EventSourceMappings"]
        if f":{APP}-{stage}" in mapping["FunctionArn"]
    }
    rules = {
        target["Arn"]: rule
        for rule in events.list_rules()["Rules"]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if f":{APP}-{stage}" in target["Arn"]
    }
    stream = boto3.client("dynamodb").describe_table(TableName=f"{APP}-{stage}")["Table"]["LatestStreamArn"]
    declared = [function for function in functions.of(app, name=APP, stage=stage) if function.source is not None]
    assert len(mappings) + len(rules) == len(declared)
    for function in declared:
        source, rule = function.source, rules.get(ACCOUNT.format("lambda", f"function:{function.lambda_name}:live"), {})
        match function.caller:
            case Caller.QUEUE | Caller.STREAM:
                mapping = mappings[function.lambda_name]
                queue = ACCOUNT.format("sqs", str(getattr(source, "queue", "")).replace("-dev-", f"-{stage}-"))
                arn = stream if function.caller is Caller.STREAM else queue
                assert (mapping["EventSourceArn"], mapping["BatchSize"]) == (arn, source.batch_size)
                assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            case Caller.EVENT if hasattr(source, "event_pattern"):
                pattern = json.dumps(source.event_pattern).replace("-dev-", f"-{stage}-")
                assert json.loads(rule["EventPattern"]) == json.loads(pattern)
            case Caller.EVENT:
                wanted = source.schedule_expression
                assert rule["ScheduleExpression"] == (
                    wanted.to_string() if isinstance(wanted, ScheduleExpression) else wanted
                )


def check_api(stage: str) -> None:
    """Compare the API's methods with the app's routes; each has ANY beside them, and OPTIONS where there is CORS."""
    client = boto3.client("apigateway")
    [api] = [api for api in client.get_rest_apis()["items"] if api["name"] == f"{APP}-{stage}"]
    assert [one["stageName"] for one in client.get_stages(restApiId=api["id"])["item"]] == ["api"]
    found = {
        one["path"]: set(one.get("resourceMethods", ()))
        for one in client.get_resources(restApiId=api["id"], limit=500)["items"]
        if one.get("resourceMethods")
    }
    wanted = {
        path: {*methods, "ANY", *(["OPTIONS"] if any(entry.cors for entry in methods.values()) else [])}
        for path, methods in app.routes.items()
    }
    assert found == wanted


def test_what_cloudformation_would_refuse_is_said_in_a_line(project: Path, tmp_path: Path) -> None:
    """By SAM, which would fail the stack at its creation, and by cfn-lint; with the name of what is wrong."""
    made(project, "dev")
    for change, words in (
        ({"AutoPublishAlias": 7.5}, "SAM: .*AutoPublishAlias"),
        ({"MemorySizes": 128}, "SAM: .*MemorySizes"),
        ({"MemorySize": 1}, "cfn-lint: .*1 is less than the minimum"),
    ):
        out = Path(shutil.copytree(project / "build" / "dev", tmp_path, dirs_exist_ok=True))
        template = json.loads((out / "sam.json").read_text())
        template["Resources"]["Gate"]["Properties"] |= change
        (out / "sam.json").write_text(json.dumps(template))
        with pytest.raises(GrailError, match=words) as caught:
            package.check(out)
        assert "\n" not in str(caught.value)
