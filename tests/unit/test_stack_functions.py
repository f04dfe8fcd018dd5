"""A Chalice app's functions, and what is merged into each of them."""

import json
from typing import Any

import pytest
from chalice.app import AuthResponse, Chalice, CustomAuthorizer, Rate

from grail.errors import GrailError
from grail.localcloud import chalice_app
from grail.stack import aliases, deployment, event_sources, functions, publishing
from grail.stack.functions import Caller, Function
from grail.stack.publishing import Surroundings
from grail.stack.settings import FunctionSettings

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/x"


def shop() -> Chalice:
    """Return an app that knows nothing of this blueprint, with a function of each kind."""
    app = Chalice("shop", configure_logs=False)

    @app.authorizer()
    def gate(_: Any) -> AuthResponse:
        return AuthResponse([], "nobody")

    @app.route("/things", methods=["GET", "PUT"], authorizer=gate)
    def things() -> None:
        """Return things."""

    @app.route("/open")
    def open_to_all() -> None:
        """Return what all may see."""

    @app.on_sqs_message(queue="jobs")
    def on_jobs(_: Any) -> None:
        """Do jobs."""

    @app.on_dynamodb_record("")
    def on_change(_: Any) -> None:
        """See changes."""

    @app.on_kinesis_record("clicks")
    def on_click(_: Any) -> None:
        """See clicks."""

    @app.schedule(Rate(5, unit=Rate.MINUTES))
    def every_five(_: Any) -> None:
        """Do it again."""

    @app.on_cw_event({"source": ["aws.s3"]})
    def on_upload(_: Any) -> None:
        """See uploads."""

    @app.on_sns_message("news")
    def on_news(_: Any) -> None:
        """See news."""

    @app.lambda_function()
    def by_hand(_: Any, __: Any) -> None:
        """Do it when asked."""

    return app


FOUND = {function.name: function for function in functions.of(shop(), name="shop", stage="prod")}


def test_functions_are_named_as_chalice_names_them() -> None:
    """In its template in CamelCase, the API's apart; in Lambda after app and stage; and so are their event sources."""
    assert {(one.name, one.logical, one.lambda_name, one.caller.name, one.event) for one in FOUND.values()} == {
        ("api_handler", "APIHandler", "shop-prod", "API", ""),
        ("gate", "Gate", "shop-prod-gate", "GATEWAY", ""),
        ("by_hand", "ByHand", "shop-prod-by_hand", "ANYONE", ""),
        ("on_jobs", "OnJobs", "shop-prod-on_jobs", "QUEUE", "OnJobsSqsEventSource"),
        ("on_change", "OnChange", "shop-prod-on_change", "STREAM", "OnChangeDynamodbEventSource"),
        ("on_click", "OnClick", "shop-prod-on_click", "STREAM", "OnClickKinesisEventSource"),
        ("every_five", "EveryFive", "shop-prod-every_five", "EVENT", "EveryFiveEvent"),
        ("on_upload", "OnUpload", "shop-prod-on_upload", "EVENT", "OnUploadEvent"),
        ("on_news", "OnNews", "shop-prod-on_news", "EVENT", "OnNewsSnsSubscription"),
    }


def test_an_app_without_routes_has_no_handler() -> None:
    """A worker alone is an app too; and a plain function that guards routes is an authorizer."""
    worker = Chalice("shop", configure_logs=False)
    assert functions.of(worker, name="shop", stage="dev") == []
    guard = CustomAuthorizer("guard", authorizer_uri="arn:aws:apigateway:us-east-1:lambda:path/x/invocations")

    @worker.lambda_function()
    def guard_(_: Any, __: Any) -> None:
        """Guard."""

    worker.pure_lambda_functions[0].name = "guard"

    @worker.route("/", authorizer=guard)
    def root() -> None:
        """Return it."""

    found = {one.name: one.caller for one in functions.of(worker, name="shop", stage="dev")}
    assert found == {"api_handler": Caller.API, "guard": Caller.GATEWAY}


def merged(function: Function, **others: Any) -> dict[str, Any]:
    """Return what is merged into a function's properties."""
    settings = others.pop("settings", FunctionSettings())
    environment = others.pop("environment", {})
    stage = Surroundings("AllAtOnce", has_table=True, has_users=False)._replace(**others)
    properties: dict[str, Any] = publishing.resource(function, settings, stage, environment=environment)["Properties"]
    return properties


@pytest.mark.parametrize("name", FOUND)
def test_every_function_has_its_name_and_an_alias(name: str) -> None:
    """Of which each change makes a version, of settings too; its log is there before it."""
    function = FOUND[name]
    stage = Surroundings("AllAtOnce", has_table=True, has_users=False)
    found = publishing.resource(function, FunctionSettings(), stage, environment={})
    assert found["DependsOn"] == [f"{function.logical}Logs"]
    assert found["Properties"]["FunctionName"] == function.lambda_name
    assert found["Properties"]["AutoPublishAlias"] == "live"
    assert found["Properties"]["AutoPublishAliasAllProperties"] is True
    assert not {"SnapStart", "ProvisionedConcurrencyConfig", "DeploymentPreference", "Environment"} & set(
        found["Properties"]
    )


def test_a_queue_is_there_before_the_function_that_works_it_off() -> None:
    """Chalice's mapping names it by its ARN, which waits for nothing; a queue of somebody else's is."""
    function = next(function for function in FOUND.values() if function.caller is Caller.QUEUE)
    stage = Surroundings("AllAtOnce", has_table=True, has_users=False, queues={function.source.queue: "JobsQueue"})
    found = publishing.resource(function, FunctionSettings(), stage, environment={})
    assert found["DependsOn"] == [f"{function.logical}Logs", "JobsQueue"]
    others = publishing.resource(function, FunctionSettings(), stage._replace(queues={"other": "X"}), environment={})
    assert others["DependsOn"] == [f"{function.logical}Logs"]


def test_a_function_starts_as_it_is_told() -> None:
    """From a snapshot, or with some ready."""
    snap = merged(FOUND["by_hand"], settings=FunctionSettings(snap_start=True))
    assert snap["SnapStart"] == {"ApplyOn": "PublishedVersions"}
    ready = merged(FOUND["by_hand"], settings=FunctionSettings(provisioned_concurrency=3))
    assert ready["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 3}


def test_a_function_knows_the_stages_users() -> None:
    """In the variables that the embedded AWS uses; where the stage names users elsewhere, it knows those."""
    found = merged(FOUND["gate"], has_users=True)["Environment"]["Variables"]
    assert set(found) == {"OIDC_ISSUER", "OIDC_AUDIENCE", "USER_POOL_ARN"}
    assert "UserPool" in json.dumps(found)
    assert "Environment" not in merged(FOUND["gate"], has_users=True, environment={"OIDC_ISSUER": "https://a"})


def test_a_queues_messages_come_back_one_by_one() -> None:
    """Where the function answers with those that failed."""
    found = merged(FOUND["on_jobs"])
    assert found["Events"] == {
        "OnJobsSqsEventSource": {"Properties": {"FunctionResponseTypes": ["ReportBatchItemFailures"]}}
    }
    assert "EventInvokeConfig" not in found


def test_a_streams_record_is_tried_for_half_of_its_life() -> None:
    """Alone in the end, whatever else is in its batch; then its place in the stream is kept."""
    for name, event in (("on_change", "OnChangeDynamodbEventSource"), ("on_click", "OnClickKinesisEventSource")):
        found = merged(FOUND[name])["Events"][event]["Properties"]
        assert (found["BisectBatchOnFunctionError"], found["MaximumRetryAttempts"]) == (True, -1)
        assert found["MaximumRecordAgeInSeconds"] == 12 * 3600
        assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        target = found["DestinationConfig"]["OnFailure"]["Destination"]
        assert target == {"Fn::GetAtt": ["Failures", "Arn"]}


def test_a_stream_without_an_arn_is_the_tables() -> None:
    """One with an ARN stays as it is, and one of nothing is refused."""
    change = FOUND["on_change"]
    assert merged(change)["Events"][change.event]["Properties"]["Stream"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    with pytest.raises(GrailError, match="on_change: on_dynamodb_record has no ARN"):
        merged(change, has_table=False)
    app = Chalice("shop", configure_logs=False)
    app.on_dynamodb_record(ARN)(lambda _: None)
    [named] = functions.of(app, name="shop", stage="prod")
    assert "Stream" not in merged(named, has_table=False)["Events"][named.event]["Properties"]
    assert "Stream" not in merged(FOUND["on_click"])["Events"]["OnClickKinesisEventSource"]["Properties"]


@pytest.mark.parametrize("name", ["every_five", "on_upload", "on_news"])
def test_what_nobody_waits_for_is_kept_when_it_failed(name: str) -> None:
    """After Lambda's own retries."""
    on_failure = {"Type": "SQS", "Destination": {"Fn::GetAtt": ["Failures", "Arn"]}}
    assert merged(FOUND[name])["EventInvokeConfig"] == {"DestinationConfig": {"OnFailure": on_failure}}


def test_there_is_a_queue_of_failures_where_something_can_fail_for_good() -> None:
    """For two weeks, encrypted; a queue's function needs none."""
    made = event_sources.failures(FOUND.values(), app="shop", stage="prod")["Failures"]["Properties"]
    assert made == {
        "QueueName": event_sources.failures_name("shop", "prod"),
        "MessageRetentionPeriod": 14 * 86_400,
        "SqsManagedSseEnabled": True,
    }
    assert event_sources.failures([FOUND["on_jobs"], FOUND["api_handler"]], app="shop", stage="prod") == {}


def test_the_api_calls_aliases() -> None:
    """Its routes and its authorizers, by Chalice's own intrinsic functions; a route of ours calls no function."""
    ours = {"/things": {"put": {"x-amazon-apigateway-integration": {"type": "aws"}}}}
    made = aliases.definition(FOUND.values(), chalice_app.resources(shop()), ours)
    assert set(made["paths"]["/things"]) == {"get"}
    uri = made["paths"]["/open"]["get"]["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
    assert uri.endswith("/functions/${APIHandler.Alias}/invocations")
    gate = made["securityDefinitions"]["gate"]["x-amazon-apigateway-authorizer"]["authorizerUri"]["Fn::Sub"]
    assert gate.endswith("/functions/${Gate.Alias}/invocations")


def test_api_gateway_may_call_aliases() -> None:
    """Each permission keeps the intrinsic function that it has, or the merge would leave both."""
    made = aliases.permissions(FOUND.values(), ours=())
    assert made == {
        "APIHandlerInvokePermission": {"Properties": {"FunctionName": {"Ref": "APIHandler.Alias"}}},
        "GateInvokePermission": {"Properties": {"FunctionName": {"Fn::GetAtt": ["Gate.Alias", "AliasArn"]}}},
    }
    ours = aliases.permissions(FOUND.values(), ours=["GateInvokePermission"])
    assert ours["GateInvokePermission"]["Properties"]["FunctionName"] == {"Ref": "Gate.Alias"}


def test_a_new_version_goes_back_on_its_own_errors() -> None:
    """A refusal is an error of an authorizer, so the API's faults tell of that; all at once, there is no way back."""
    canary = "Canary10Percent5Minutes"
    wanted = {
        "api_handler": ["ApiFaultsAlarm", "ApiHandlerNewVersionAlarm"],
        "gate": ["ApiFaultsAlarm", "AuthorizerFaultsAlarm"],
        "on_jobs": ["OnJobsNewVersionAlarm"],
    }
    for name, alarms in wanted.items():
        found = merged(FOUND[name], deployment=canary)["DeploymentPreference"]
        assert found == {"Type": canary, "Alarms": [{"Ref": alarm} for alarm in alarms]}
        assert deployment.alarms(FOUND[name], "AllAtOnce", prefix="shop-prod") == {}
    assert deployment.alarms(FOUND["gate"], canary, prefix="shop-prod") == {}
    [alarm] = deployment.alarms(FOUND["on_jobs"], canary, prefix="shop-prod").values()
    dimensions = {one["Name"]: one["Value"] for one in alarm["Properties"]["Dimensions"]}
    assert dimensions == {
        "FunctionName": "shop-prod-on_jobs",
        "Resource": "shop-prod-on_jobs:live",
        "ExecutedVersion": {"Fn::GetAtt": ["OnJobs.Version", "Version"]},
    }
    assert alarm["Properties"]["AlarmActions"] == []
