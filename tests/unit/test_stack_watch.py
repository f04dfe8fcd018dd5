"""Alarms, whom they tell, and the dashboard."""

import json
from typing import Any

import pytest

from grail.stack import functions, watch
from grail.stack.parts import Parts
from tests.unit.test_stack_functions import shop

PARTS = Parts(
    name="shop-prod",
    functions=functions.of(shop(), name="shop", stage="prod"),
    api_stage="api",
    queues={"shop-prod-jobs": 900},
    dead_letters=["shop-prod-jobs-dlq", "shop-prod-failures"],
    table="shop-prod",
    indexes=["gsi1"],
)
MADE = watch.resources(PARTS, tell=True)
ALARMS = {name: one["Properties"] for name, one in MADE.items() if one["Type"] == "AWS::CloudWatch::Alarm"}


def dimensions(found: dict[str, Any]) -> dict[str, str]:
    """Return a metric's dimensions."""
    return {one["Name"]: one["Value"] for one in found["Dimensions"]}


def measured(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the metrics of an alarm."""
    return [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query] or [alarm]


def test_every_part_is_watched() -> None:
    """An API, its authorizers, each function, each queue, and the table with its indexes."""
    plain = {"ApiHandler", "OnJobs", "OnChange", "OnClick", "EveryFive", "OnUpload", "OnNews", "ByHand"}
    assert set(ALARMS) == {
        "ApiFaultsAlarm",
        "ApiLatencyAlarm",
        "AuthorizerFaultsAlarm",
        *(f"{name}ErrorsAlarm" for name in plain),
        *(f"{name}ThrottlesAlarm" for name in plain | {"Gate"}),
        "OnChangeIteratorAgeAlarm",
        "OnClickIteratorAgeAlarm",
        "JobsAgeAlarm",
        "JobsDlqDepthAlarm",
        "FailuresDepthAlarm",
        "TableThrottlesAlarm",
        "TableGsi1ThrottlesAlarm",
        "TableFaultsAlarm",
    }


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_says_what_it_is_about(name: str) -> None:
    """In words, to somebody; that there is nothing to measure is no fault; and it waits for nothing that it watches."""
    alarm = ALARMS[name]
    assert alarm["AlarmName"].startswith("shop-prod-")
    assert len(alarm["AlarmDescription"]) > 40
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "Alarms"}]
    assert (alarm["TreatMissingData"], alarm["ComparisonOperator"]) == ("notBreaching", "GreaterThanThreshold")
    assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]
    assert 1 <= len(measured(alarm)) <= 10
    assert all(isinstance(value, str) for metric in measured(alarm) for value in dimensions(metric).values())


@pytest.mark.parametrize(
    ("name", "metric", "where", "threshold"),
    [
        ("ApiLatencyAlarm", "Latency", {"ApiName": "shop-prod", "Stage": "api"}, 3_000),
        ("ApiHandlerErrorsAlarm", "Errors", {"FunctionName": "shop-prod"}, 2),
        ("GateThrottlesAlarm", "Throttles", {"FunctionName": "shop-prod-gate"}, 0),
        ("OnChangeIteratorAgeAlarm", "IteratorAge", {"FunctionName": "shop-prod-on_change"}, 300_000),
        ("JobsAgeAlarm", "ApproximateAgeOfOldestMessage", {"QueueName": "shop-prod-jobs"}, 900),
        ("JobsDlqDepthAlarm", "ApproximateNumberOfMessagesVisible", {"QueueName": "shop-prod-jobs-dlq"}, 0),
        ("FailuresDepthAlarm", "ApproximateNumberOfMessagesVisible", {"QueueName": "shop-prod-failures"}, 0),
        ("AuthorizerFaultsAlarm", "authorizer-faults", {}, 2),
    ],
)
def test_what_is_too_much(name: str, metric: str, where: dict[str, str], threshold: float) -> None:
    """Of each metric that is watched by itself."""
    alarm = ALARMS[name]
    assert (alarm["MetricName"], dimensions(alarm), alarm["Threshold"]) == (metric, where, threshold)


def test_few_requests_are_no_rate() -> None:
    """One fault in a minute with three requests is not 33 %, and one of a thousand is 0.1 %."""
    alarm = ALARMS["ApiFaultsAlarm"]
    assert [metric["MetricName"] for metric in measured(alarm)] == ["5XXError", "Count"]
    [expression] = [query["Expression"] for query in alarm["Metrics"] if "Expression" in query]
    assert expression == "IF(m1 > 100, m0 / m1, m0 / 100)"
    assert (alarm["Threshold"], alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (0.01, 3, 5)


def test_a_percentile_of_few_requests_is_ignored() -> None:
    """The slowest of three is no p99."""
    latency = ALARMS["ApiLatencyAlarm"]
    assert latency["ExtendedStatistic"] == "p99"
    assert latency["EvaluateLowSampleCountPercentile"] == "ignore"
    assert "Statistic" not in latency


def test_a_table_and_its_indexes_are_told_apart() -> None:
    """An index is throttled by itself, and what is not measured adds nothing."""
    index = ALARMS["TableGsi1ThrottlesAlarm"]
    where = {"TableName": "shop-prod", "GlobalSecondaryIndexName": "gsi1"}
    assert [dimensions(metric) for metric in measured(index)] == [where, where]
    assert [dimensions(metric) for metric in measured(ALARMS["TableThrottlesAlarm"])] == [
        {"TableName": "shop-prod"}
    ] * 2
    [expression] = [query["Expression"] for query in index["Metrics"] if "Expression" in query]
    assert expression == "FILL(m0, 0) + FILL(m1, 0)"


def test_an_authorizers_faults_are_told_by_the_access_log() -> None:
    """A refusal is an error of its function; what API Gateway answered because it failed is none."""
    counted = MADE["AuthorizerFaults"]["Properties"]
    assert counted["LogGroupName"] == {"Ref": "ApiAccessLog"}
    assert '$.answered_by = "AUTHORIZER_FAILURE"' in counted["FilterPattern"]
    [metric] = counted["MetricTransformations"]
    alarm = ALARMS["AuthorizerFaultsAlarm"]
    assert (metric["MetricNamespace"], metric["MetricName"]) == (alarm["Namespace"], alarm["MetricName"])


@pytest.mark.parametrize(
    ("tell", "subscribed"),
    [(True, None), ("ops@example.com", [{"Protocol": "email", "Endpoint": "ops@example.com"}])],
)
def test_the_stages_own_topic_tells(tell: bool | str, subscribed: list[dict[str, str]] | None) -> None:  # noqa: FBT001
    """Whoever subscribes, or somebody by email."""
    topic = watch.resources(PARTS, tell=tell)["Alarms"]["Properties"]
    assert (topic["TopicName"], topic.get("Subscription")) == ("shop-prod-alarms", subscribed)


def test_a_topic_of_the_accounts_tells() -> None:
    """Then the stage has none of its own."""
    arn = "arn:aws:sns:eu-west-1:123456789012:ops"
    made = watch.resources(PARTS, tell=arn)
    assert "Alarms" not in made
    assert made["ApiFaultsAlarm"]["Properties"]["AlarmActions"] == [arn]


def test_the_dashboard_shows_what_is_watched() -> None:
    """In the region where it is made, two graphs in a row, none over another."""
    properties = MADE["Dashboard"]["Properties"]
    assert properties["DashboardName"] == "shop-prod"
    widgets = json.loads(properties["DashboardBody"]["Fn::Sub"])["widgets"]
    assert {widget["properties"]["region"] for widget in widgets} == {"${AWS::Region}"}
    assert len({(widget["x"], widget["y"]) for widget in widgets}) == len(widgets)
    shown = {(metric[0], metric[1]) for widget in widgets for metric in widget["properties"]["metrics"]}
    alarmed = {
        (metric["Namespace"], metric["MetricName"])
        for alarm in ALARMS.values()
        for metric in measured(alarm)
        if metric["Namespace"].startswith("AWS/")
    }
    assert alarmed <= shown | {("AWS/DynamoDB", "SystemErrors")}


def test_a_worker_alone_is_watched_too() -> None:
    """Without an API, queues or a table, there is nothing of them."""
    worker = [function for function in PARTS.functions if function.name == "every_five"]
    made = watch.resources(Parts(name="shop-prod", functions=worker), tell=True)
    assert set(made) == {"Alarms", "Dashboard", "EveryFiveErrorsAlarm", "EveryFiveThrottlesAlarm"}
