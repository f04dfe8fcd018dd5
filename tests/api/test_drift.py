"""What somebody changed by hand on a stage, found and mended one by one, on moto in this process."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from chalice.app import CloudWatchEventConfig, Rate, ScheduledEventConfig, SQSEventConfig
from moto import mock_aws

from grail.deploy import callers, functions, kept, mappings, roles
from grail.deploy.account import Account
from grail.deploy.findings import Finding, mended
from grail.deploy.gateway_definition import authorizers, is_same_answer
from grail.stack.functions import Caller, Function

ACCOUNT = Account("123456789012", "us-east-1", "aws")
NAME = "drift-dev-work"
QUEUE = "drift-dev-jobs"
ARN = ACCOUNT.arn("lambda", f"function:{NAME}")
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]}
ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
BOUNDARY = "arn:aws:iam::aws:policy/PowerUserAccess"
EXPRESSION = Rate(1, unit=Rate.HOURS)


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Mock AWS in this process, which other tests may have done before; leave nothing there."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws(config={"core": {"reset_boto3_session": True}}):
        yield
        _clear()


def _clear() -> None:
    iam, lambda_, events, sqs = boto3.client("iam"), boto3.client("lambda"), boto3.client("events"), boto3.client("sqs")
    for mapping in lambda_.list_event_source_mappings(FunctionName=ARN)["EventSourceMappings"]:
        lambda_.delete_event_source_mapping(UUID=mapping["UUID"])
    for function in lambda_.list_functions()["Functions"]:
        if function["FunctionName"] == NAME:
            lambda_.delete_function(FunctionName=NAME)
    for role in iam.list_roles()["Roles"]:
        if role["RoleName"] == NAME:
            for policy in iam.list_role_policies(RoleName=NAME)["PolicyNames"]:
                iam.delete_role_policy(RoleName=NAME, PolicyName=policy)
            for attached in iam.list_attached_role_policies(RoleName=NAME)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=NAME, PolicyArn=attached["PolicyArn"])
            iam.delete_role(RoleName=NAME)
    for rule in events.list_rules(NamePrefix=NAME)["Rules"]:
        ids = [target["Id"] for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]]
        if ids:
            events.remove_targets(Rule=rule["Name"], Ids=ids)
        events.delete_rule(Name=rule["Name"])
    for queue in sqs.list_queues(QueueNamePrefix="drift-dev").get("QueueUrls", ()):
        sqs.delete_queue(QueueUrl=queue)


def code() -> bytes:
    """Return a package, the same each time."""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo("app.py"), "")
        return file.getvalue()


RESOURCES: dict[str, Any] = {
    "Work": {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "FunctionName": NAME,
            "Role": {"Fn::GetAtt": ["WorkRole", "Arn"]},
            "Handler": "app.work",
            "Runtime": "python3.12",
            "MemorySize": 256,
            "Timeout": 5,
            "Tracing": "Active",
            "Environment": {"Variables": {"STAGE": "dev"}},
        },
    },
    "WorkRole": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": TRUST,
            "Policies": [{"PolicyName": "DefaultRolePolicy", "PolicyDocument": MAY}],
            "PermissionsBoundary": BOUNDARY,
        },
    },
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return the file with the code, of which the function was made as it is declared."""
    iam, lambda_ = boto3.client("iam"), boto3.client("lambda")
    trust = json.dumps(TRUST)
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=trust, PermissionsBoundary=BOUNDARY)["Role"]["Arn"]
    iam.put_role_policy(RoleName=NAME, PolicyName=NAME, PolicyDocument=json.dumps(MAY))
    lambda_.create_function(
        FunctionName=NAME, Role=role, Handler="app.work", Runtime="python3.12", MemorySize=256, Timeout=5,
        TracingConfig={"Mode": "Active"}, Environment={"Variables": {"STAGE": "dev"}}, Code={"ZipFile": code()},
    )  # fmt: skip
    (tmp_path / "code.zip").write_bytes(code())
    return tmp_path / "code.zip"


def check(act: Callable[[], object], look: Callable[[], Iterable[Finding]], words: str) -> None:
    """Do something by hand; it must be said, and mended."""
    assert list(look()) == []
    act()
    found = list(look())
    assert any(words in finding.words for finding in found), found
    list(mended(found))
    assert list(look()) == []


FUNCTION = [
    ("update_function_configuration", {"Timeout": 9}, "Timeout is 9, declared is 5"),
    ("update_function_configuration", {"MemorySize": 512}, "MemorySize is 512, declared is 256"),
    ("update_function_configuration", {"Runtime": "python3.9"}, "Runtime is python3.9, declared is python3.12"),
    ("update_function_configuration", {"Environment": {"Variables": {}}}, "variables that are not as declared: STAGE"),
    (
        "update_function_configuration",
        {"Environment": {"Variables": {"STAGE": "dev", "MORE": "x"}}},
        "variables that are not as declared: MORE",
    ),
    ("put_function_concurrency", {"ReservedConcurrentExecutions": 0}, "reserved is 0, declared is absent"),
]


@pytest.mark.parametrize(("operation", "arguments", "words"), FUNCTION)
def test_a_changed_function_is_mended(package: Path, operation: str, arguments: dict[str, Any], words: str) -> None:
    """Its size, time, variables, tracing, and how many run at once."""
    check(
        lambda: getattr(boto3.client("lambda"), operation)(FunctionName=NAME, **arguments),
        lambda: functions.findings(RESOURCES, package),
        words,
    )


def test_a_function_that_is_traced_otherwise_is_mended(package: Path) -> None:
    """As by all else: in one change, since Lambda takes no second one meanwhile. moto keeps the first tracing."""
    declared = {**RESOURCES["Work"], "Properties": {**RESOURCES["Work"]["Properties"], "Tracing": "PassThrough"}}
    [found] = functions.findings({**RESOURCES, "Work": declared}, package)
    assert found.words == f"function {NAME}: tracing is Active, declared is PassThrough"
    assert found.mend is not None


def test_other_code_is_for_a_deployment(package: Path) -> None:
    """As is a handler: what is on AWS is not this folder's, whoever is right."""
    package.write_bytes(b"other")
    changed = {**RESOURCES, "Work": {**RESOURCES["Work"], "Properties": {**RESOURCES["Work"]["Properties"]}}}
    changed["Work"]["Properties"]["Handler"] = "app.other"
    found = list(functions.findings(changed, package))
    assert [(finding.words.partition(": ")[2][:14], finding.mend) for finding in found] == [
        ("Handler is app", None),
        ("its code is no", None),
    ]
    boto3.client("lambda").delete_function(FunctionName=NAME)
    assert [finding.words for finding in functions.findings(RESOURCES, package)] == [f"function {NAME} is not there"]


def test_a_function_that_only_chalice_names_is_nobodys_business(tmp_path: Path) -> None:
    """Those of a WebSocket API have no name in the package."""
    (tmp_path / "code.zip").write_bytes(code())
    unnamed = {"Message": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "app.message"}}}
    assert list(functions.findings(unnamed, tmp_path / "code.zip")) == []
    assert list(roles.findings(unnamed)) == []


ROLE = [
    ("put_role_policy", {"PolicyName": NAME, "PolicyDocument": json.dumps(ALL)}, "its policy is not the declared one"),
    ("delete_role_policy", {"PolicyName": NAME}, "its policy is not the declared one"),
    ("put_role_policy", {"PolicyName": "more", "PolicyDocument": json.dumps(ALL)}, "it has a policy more"),
    (
        "update_assume_role_policy",
        {"PolicyDocument": json.dumps(TRUST).replace("lambda", "ec2")},
        "others than declared may assume it",
    ),
]


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(("operation", "arguments", "words"), ROLE)
def test_a_changed_role_is_mended(operation: str, arguments: dict[str, Any], words: str) -> None:
    """What it may, and who may have it."""
    check(
        lambda: getattr(boto3.client("iam"), operation)(RoleName=NAME, **arguments),
        lambda: roles.findings(RESOURCES),
        words,
    )


@pytest.mark.usefixtures("package")
def test_a_policy_that_somebody_attached_is_taken_off() -> None:
    """One of the account's own, or of AWS's."""
    iam = boto3.client("iam")
    arn = iam.create_policy(PolicyName="drift-more", PolicyDocument=json.dumps(ALL))["Policy"]["Arn"]
    check(
        lambda: iam.attach_role_policy(RoleName=NAME, PolicyArn=arn),
        lambda: roles.findings(RESOURCES),
        "it has the policy drift-more",
    )
    iam.delete_policy(PolicyArn=arn)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("other", [None, "arn:aws:iam::aws:policy/AdministratorAccess"])
def test_a_roles_boundary_is_put_back(other: str | None) -> None:
    """Where it is gone, or another; and one that is not declared goes."""
    iam = boto3.client("iam")
    check(
        lambda: (
            iam.delete_role_permissions_boundary(RoleName=NAME)
            if other is None
            else iam.put_role_permissions_boundary(RoleName=NAME, PermissionsBoundary=other)
        ),
        lambda: roles.boundaries(RESOURCES),
        "its boundary is",
    )
    role = {**RESOURCES["WorkRole"], "Properties": {**RESOURCES["WorkRole"]["Properties"], "PermissionsBoundary": None}}
    list(mended(roles.boundaries({**RESOURCES, "WorkRole": role})))
    assert "PermissionsBoundary" not in iam.get_role(RoleName=NAME)["Role"]


def of(caller: Caller, source: Any = None) -> Function:
    """Return the function as called by something."""
    return Function("work", "Work", NAME, caller, "WorkEvent", source)


BY_TIME = of(Caller.EVENT, ScheduledEventConfig("work", "app.work", EXPRESSION, ""))
BY_EVENT = of(Caller.EVENT, CloudWatchEventConfig("work", "app.work", {"source": ["aws.s3"]}))
RULE = f"{NAME}-event"


def allow(service: str, source: str) -> None:
    """Let a service call the function, as Chalice does."""
    boto3.client("lambda").add_permission(
        FunctionName=NAME, StatementId=hashlib.sha256(source.encode()).hexdigest(), Action="lambda:InvokeFunction",
        Principal=service, SourceArn=source,
    )  # fmt: skip


def test_who_may_call_a_function_is_looked_at(package: Path) -> None:  # noqa: ARG001 - the function is needed
    """The API's own right is missed where it is gone; anybody else's is taken away, and so is a URL."""
    lambda_ = boto3.client("lambda")
    ours, others = (ACCOUNT.arn("execute-api", f"{api}/*") for api in ("abc", "abcd"))

    def look() -> list[Finding]:
        return list(callers.findings([of(Caller.API)], ACCOUNT, api="abc"))

    assert [finding.words for finding in look()] == [f"function {NAME}: apigateway.amazonaws.com may not call it"]
    allow("apigateway.amazonaws.com", ours)
    check(lambda: allow("apigateway.amazonaws.com", others), look, f"({others}) may call it, which is not declared")
    check(
        lambda: lambda_.add_permission(
            FunctionName=NAME, StatementId="all", Action="lambda:InvokeFunction", Principal="*"
        ),
        look,
        "* may call it, which is not declared",
    )
    check(lambda: lambda_.create_function_url_config(FunctionName=NAME, AuthType="NONE"), look, "it has a URL")
    assert list(callers.findings([of(Caller.ANYONE)], ACCOUNT, api="abc")) == []
    polled = [finding.words for finding in callers.findings([of(Caller.QUEUE)], ACCOUNT, api="abc")]
    assert polled == [f"function {NAME}: apigateway.amazonaws.com ({ours}) may call it, which is not declared"]


RULES: list[tuple[Function, Callable[[Any], object], str]] = [
    (BY_TIME, lambda events: events.disable_rule(Name=RULE), "State is DISABLED"),
    (BY_TIME, lambda events: events.put_rule(Name=RULE, ScheduleExpression="rate(1 day)"), "is rate(1 day), declared"),
    (BY_EVENT, lambda events: events.put_rule(Name=RULE, EventPattern='{"source": ["x"]}'), "EventPattern is"),
    (BY_TIME, lambda events: events.remove_targets(Rule=RULE, Ids=["1"]), f"it does not start {NAME}"),
    (
        BY_TIME,
        lambda events: events.put_targets(Rule=RULE, Targets=[{"Id": "2", "Arn": f"{ARN}-2"}]),
        f"it starts {ARN}-2",
    ),
]


@pytest.mark.parametrize(("function", "act", "words"), RULES)
def test_a_changed_rule_is_mended(
    package: Path,  # noqa: ARG001 - the function is needed
    function: Function,
    act: Callable[[Any], object],
    words: str,
) -> None:
    """Whether it is on, when, for what, and what it starts."""
    events = boto3.client("events")

    def look() -> list[Finding]:
        return list(callers.findings([function], ACCOUNT, api=None))

    allow("events.amazonaws.com", ACCOUNT.arn("events", f"rule/{RULE}"))
    assert [finding.words for finding in look()] == [f"rule {RULE} is not there"]
    if function is BY_TIME:
        events.put_rule(Name=RULE, ScheduleExpression=EXPRESSION.to_string())
    else:
        events.put_rule(Name=RULE, EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule=RULE, Targets=[{"Id": "1", "Arn": ARN}])
    check(lambda: act(events), look, words)


POLLED = of(Caller.QUEUE, SQSEventConfig("work", "app.work", QUEUE, None, 10, 0, None))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"BatchSize": 1}, "BatchSize is 1, declared is 10"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}, "it has filters"),
        ({"Enabled": False}, "it is switched off"),
        ({"FunctionResponseTypes": []}, "FunctionResponseTypes is"),
    ],
)
def test_a_changed_event_source_is_mended(package: Path, changed: dict[str, Any], words: str) -> None:  # noqa: ARG001
    """How Lambda polls a queue, and whether; a second source, or none, is for a deployment."""
    sqs, lambda_ = boto3.client("sqs"), boto3.client("lambda")
    for queue in (QUEUE, f"{QUEUE}-2"):
        sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "30"})

    def poll(queue: str) -> str:
        arn = ACCOUNT.arn("sqs", queue)
        return str(lambda_.create_event_source_mapping(FunctionName=ARN, EventSourceArn=arn, BatchSize=10)["UUID"])

    def look(function: Function = POLLED) -> list[Finding]:
        return list(mappings.findings([function], {"Work.Arn": ARN}))

    assert [(finding.words, finding.mend) for finding in look()] == [
        (f"function {NAME}: nothing is polled for it", None)
    ]
    uuid = poll(QUEUE)
    list(mended(look()))
    check(lambda: lambda_.update_event_source_mapping(UUID=uuid, **changed), look, words)
    assert [finding.words for finding in look(of(Caller.API))] == [
        f"function {NAME}: it has 1 event sources, declared is none"
    ]
    poll(f"{QUEUE}-2")
    assert f"function {NAME}: it has 2 event sources, declared is one" in [finding.words for finding in look()]


def test_a_changed_queue_is_mended() -> None:
    """What stands in its template, a policy that nobody declared, and that it is there."""
    sqs = boto3.client("sqs")
    properties = {"QueueName": QUEUE, "VisibilityTimeout": 30, "SqsManagedSseEnabled": True}
    template = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": properties}}

    def look() -> list[Finding]:
        return list(kept.findings(template, stack="drift-dev-companion"))

    list(mended(look()))
    url = sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
    for attributes, words in (
        ({"VisibilityTimeout": "1"}, "VisibilityTimeout is 1, declared is 30"),
        ({"Policy": json.dumps(ALL)}, "it has a policy, which is not declared"),
    ):
        check(lambda given=attributes: sqs.set_queue_attributes(QueueUrl=url, Attributes=given), look, words)  # type: ignore[misc]
    check(lambda: sqs.delete_queue(QueueUrl=url), look, f"queue {QUEUE} is not there")


def test_what_a_function_gives_up_goes_where_it_is_declared(package: Path) -> None:  # noqa: ARG001 - as above
    """Where Lambda was told of no place, or of another."""
    lambda_ = boto3.client("lambda")
    goes = {"OnFailure": {"Destination": ACCOUNT.arn("sqs", "drift-dev-failures")}}
    properties = {"FunctionName": NAME, "Qualifier": "$LATEST", "DestinationConfig": goes}
    template = {"GivenUp": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}}

    def look() -> list[Finding]:
        return list(kept.findings(template, stack="drift-dev-companion"))

    list(mended(look()))
    check(lambda: lambda_.delete_function_event_invoke_config(FunctionName=NAME), look, "Destination is absent")


def test_a_key_and_a_plan_are_looked_at() -> None:
    """A key that is off is switched on; what is gone has to be made with its stack, which is said."""
    client: Any = boto3.client("apigateway")
    limits = {"RateLimit": 5, "BurstLimit": 9}
    stages = [{"ApiId": "abc", "Stage": "api"}]
    template = {
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Name": "drift-dev"}},
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {"UsagePlanName": "drift-dev", "Throttle": limits, "ApiStages": stages},
        },
    }

    def look() -> list[Finding]:
        return list(kept.findings(template, stack="drift-dev-companion"))

    again = "CloudFormation misses nothing: delete the stack drift-dev-companion, then `make deploy`; docs/delivery.md"
    assert [(finding.words, finding.mend, finding.hint) for finding in look()] == [
        ("API key drift-dev is not there", None, again),
        ("usage plan drift-dev is not there", None, again),
    ]
    key = client.create_api_key(name="drift-dev", enabled=True)["id"]
    plan = client.create_usage_plan(
        name="drift-dev", apiStages=[{"apiId": "abc", "stage": "api"}], throttle={"rateLimit": 5, "burstLimit": 9}
    )["id"]
    try:
        off = [{"op": "replace", "path": "/enabled", "value": "false"}]
        check(lambda: client.update_api_key(apiKey=key, patchOperations=off), look, "it is switched off")
        for path, value in (("/throttle/rateLimit", "1"), ("/throttle/burstLimit", "1")):
            slower = [{"op": "replace", "path": path, "value": value}]
            check(
                lambda given=slower: client.update_usage_plan(usagePlanId=plan, patchOperations=given),  # type: ignore[misc]
                look,
                f"{path.removeprefix('/')} is 1",
            )
        elsewhere = [{"op": "remove", "path": "/apiStages", "value": "abc:api"}]
        check(
            lambda: client.update_usage_plan(usagePlanId=plan, patchOperations=elsewhere),
            look,
            "it does not hold for the API's stage",
        )
    finally:
        client.delete_api_key(apiKey=key)
        client.delete_usage_plan(usagePlanId=plan)


def test_a_table_stays_as_it_is_protected() -> None:
    """From deletion, by its backups; its items expire, and it has a stream, which nobody can put back."""
    client: Any = boto3.client("dynamodb")
    name = "drift-dev"
    expiry = {"AttributeName": "ttl", "Enabled": True}
    properties = {"TableName": name, "DeletionProtectionEnabled": True, "TimeToLiveSpecification": expiry}
    template = {"Table": {"Type": "AWS::DynamoDB::Table", "Properties": properties}}

    def look() -> list[Finding]:
        return list(kept.findings(template, stack="drift-dev-companion"))

    assert [(finding.words, finding.mend) for finding in look()] == [(f"table {name} is not there", None)]
    client.create_table(
        TableName=name, BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )  # fmt: skip
    list(mended(look()))
    try:
        check(
            lambda: client.update_table(TableName=name, DeletionProtectionEnabled=False),
            look,
            "DeletionProtectionEnabled is False",
        )
        off = {"PointInTimeRecoveryEnabled": False}
        check(
            lambda: client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=off),
            look,
            "PointInTimeRecoveryEnabled is False",
        )
        check(
            lambda: client.update_time_to_live(TableName=name, TimeToLiveSpecification=expiry | {"Enabled": False}),
            look,
            "time to live: Enabled is False",
        )
        client.update_table(TableName=name, StreamSpecification={"StreamEnabled": False})
        assert [(finding.words, finding.mend) for finding in look()] == [(f"table {name}: it has no stream", None)]
    finally:
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.delete_table(TableName=name)


def test_a_log_is_kept_as_long_as_declared() -> None:
    """One that is gone is made again."""
    logs = boto3.client("logs")
    name = "/aws/lambda/drift-dev-work"
    template = {"Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name, "RetentionInDays": 7}}}

    def look() -> list[Finding]:
        return list(kept.findings(template, stack="drift-dev-companion"))

    list(mended(look()))
    try:
        check(lambda: logs.put_retention_policy(logGroupName=name, retentionInDays=1), look, "days is 1, declared is 7")
        check(lambda: logs.delete_log_group(logGroupName=name), look, f"log {name} is not there")
    finally:
        logs.delete_log_group(logGroupName=name)


@pytest.mark.parametrize(
    ("live", "same"),
    [
        ({"statusCode": "429", "responseParameters": {"a": "b"}, "responseTemplates": {"c": "d"}}, True),
        ({"statusCode": "200", "responseParameters": {"a": "b"}, "responseTemplates": {"c": "d"}}, False),
        ({"statusCode": "429", "responseParameters": {}, "responseTemplates": {"c": "d"}}, False),
        ({"statusCode": "429", "responseParameters": {"a": "b"}, "responseTemplates": {}}, False),
    ],
)
def test_the_apis_own_answers_are_compared(live: dict[str, Any], same: bool) -> None:  # noqa: FBT001 - what is expected
    """Their status, headers and bodies."""
    declared = {"statusCode": 429, "responseParameters": {"a": "b"}, "responseTemplates": {"c": "d"}}
    assert is_same_answer(live, declared) is same


def test_an_authorizer_is_compared() -> None:
    """Whom it asks, and for how long an answer is kept."""
    client: Any = boto3.client("apigateway")
    api = client.create_rest_api(name="drift-dev")["id"]
    said = {"authorizerUri": "arn:ours", "authorizerResultTtlInSeconds": 30}
    scheme = {"type": "apiKey", "x-amazon-apigateway-authorizer": said}
    definition = {"securityDefinitions": {"gate": scheme, "api_key": {"type": "apiKey"}}}
    try:
        assert len(list(authorizers(api, definition, print))) == 2
        uri = {"authorizerUri": "arn:evil", "authorizerResultTtlInSeconds": 3600}
        client.create_authorizer(restApiId=api, name="gate", type="TOKEN", **uri)
        assert [finding.words for finding in authorizers(api, definition, print)] == [
            "API: authorizer gate: asks is arn:evil, declared is arn:ours",
            "API: authorizer gate: cached for is 3600, declared is 30",
        ]
    finally:
        client.delete_rest_api(restApiId=api)
