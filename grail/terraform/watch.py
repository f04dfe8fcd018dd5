"""What tells that a stage is not well."""

from collections.abc import Iterator
from typing import Any

from grail.terraform.arguments import Given, Kind, Part, mapping


def _queries(given: Given) -> dict[str, Any]:
    found = []
    for query in given.properties.get("Metrics", []):
        said: dict[str, Any] = {"id": query["Id"], "return_data": query["ReturnData"]}
        if "Expression" in query:
            said["expression"] = query["Expression"]
        if "MetricStat" in query:
            measured = query["MetricStat"]
            said["metric"] = {
                "namespace": measured["Metric"]["Namespace"],
                "metric_name": measured["Metric"]["MetricName"],
                "dimensions": mapping(measured["Metric"]["Dimensions"]),
                "period": measured["Period"],
                "stat": measured["Stat"],
            }
        found.append(said)
    return {"metric_query": found} if found else {}


def _subscriptions(given: Given) -> Iterator[Part]:
    for number, wanted in enumerate(given.properties.get("Subscription", [])):
        arguments = {
            "topic_arn": {"Ref": given.logical},
            "protocol": wanted["Protocol"],
            "endpoint": wanted["Endpoint"],
        }
        yield Part("aws_sns_topic_subscription", f"{given.logical}-{number}", arguments)


KINDS = {
    "AWS::CloudWatch::Alarm": Kind(
        type="aws_cloudwatch_metric_alarm",
        ref="alarm_name",
        names={"EvaluateLowSampleCountPercentile": "evaluate_low_sample_count_percentiles"},
        apart=frozenset({"Metrics"}),
        arguments=_queries,
    ),
    "AWS::CloudWatch::Dashboard": Kind(type="aws_cloudwatch_dashboard"),
    "AWS::Logs::MetricFilter": Kind(
        type="aws_cloudwatch_log_metric_filter",
        names={
            "FilterPattern": "pattern",
            "MetricName": "name",
            "MetricNamespace": "namespace",
            "MetricTransformations": "metric_transformation",
            "MetricValue": "value",
        },
        named="name",
    ),
    "AWS::SNS::Topic": Kind(
        type="aws_sns_topic",
        ref="arn",
        names={"TopicName": "name"},
        apart=frozenset({"Subscription"}),
        parts=_subscriptions,
    ),
    "AWS::SNS::Subscription": Kind(type="aws_sns_topic_subscription", ref="arn"),
}
