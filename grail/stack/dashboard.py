"""A stage's dashboard: what its alarms are about, over time."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from grail.stack import api_metrics
from grail.stack.functions import Caller, Function
from grail.stack.parts import Parts

_WIDTH, _HEIGHT = 12, 6  # two in a row, of CloudWatch's 24 columns
_Metric = list[Any]
"""Namespace, name, dimensions' names and values in turn, and options."""


def resource(parts: Parts) -> dict[str, Any]:
    """Return the dashboard, which knows no region before it is created."""
    widgets = [
        {"type": "metric", "x": _WIDTH * (place % 2), "y": _HEIGHT * (place // 2), "width": _WIDTH, "height": _HEIGHT,
         "properties": {"region": "${AWS::Region}", "view": "timeSeries", **properties}}
        for place, properties in enumerate(_widgets(parts))
    ]  # fmt: skip
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": parts.name,
            "DashboardBody": {"Fn::Sub": json.dumps({"widgets": widgets})},
        },
    }


def _widgets(parts: Parts) -> Iterator[dict[str, Any]]:
    if parts.api_stage is not None:
        api = api_metrics.of(parts)
        yield _of("Requests, and those that failed", _of_api(parts, ("Count", api.refusals, api.faults)), stat="Sum")
        yield _of("Latency of the API (ms)", [
            [*metric, {"stat": stat}] for metric in _of_api(parts, ("Latency",)) for stat in ("p50", "p99")
        ])  # fmt: skip
    # Of an authorizer, a refusal counts as an error.
    others = [function for function in parts.functions if function.caller is not Caller.GATEWAY]
    yield _of("Errors of functions", _of_functions(others, "Errors"), stat="Sum")
    yield _of("Duration of functions (ms)", _of_functions(parts.functions, "Duration"), stat="p99")
    yield _of("Functions at once", _of_functions(parts.functions, "ConcurrentExecutions"), stat="Maximum")
    yield _of("Throttles of functions", _of_functions(parts.functions, "Throttles"), stat="Sum")
    streams = [function for function in parts.functions if function.caller is Caller.STREAM]
    if streams:
        yield _of("Behind the stream (ms)", _of_functions(streams, "IteratorAge"), stat="Maximum")
    if parts.queues:
        age = _of_queues(parts.queues, "ApproximateAgeOfOldestMessage")
        yield _of("Age of the oldest message (s)", age, stat="Maximum")
    if parts.dead_letters:
        depth = _of_queues(parts.dead_letters, "ApproximateNumberOfMessagesVisible")
        yield _of("Given up", depth, stat="Maximum")
    if parts.table is not None:
        yield _of("Capacity of the table", _of_table(parts.table, "Consumed{}CapacityUnits"), stat="Sum")
        refused = [
            metric for index in (None, *parts.indexes) for metric in _of_table(parts.table, "{}ThrottleEvents", index)
        ]
        yield _of("Throttles of the table", refused, stat="Sum")


def _of(title: str, metrics: Sequence[_Metric], **others: str) -> dict[str, Any]:
    return {"title": title, "metrics": [*metrics], "period": 60, **others}


def _of_api(parts: Parts, names: Iterable[str]) -> list[_Metric]:
    told = [
        [name, f"${{{value['Ref']}}}" if isinstance(value, Mapping) else value]  # the body is a text, for Fn::Sub
        for name, value in api_metrics.of(parts).dimensions.items()
    ]
    return [["AWS/ApiGateway", name, *chain.from_iterable(told)] for name in names]


def _of_functions(functions: Iterable[Function], metric: str) -> list[_Metric]:
    return [["AWS/Lambda", metric, "FunctionName", function.lambda_name] for function in functions]


def _of_queues(names: Iterable[str], metric: str) -> list[_Metric]:
    return [["AWS/SQS", metric, "QueueName", name] for name in names]


def _of_table(table: str, metric: str, index: str | None = None) -> list[_Metric]:
    within = ["GlobalSecondaryIndexName", index] if index else []
    return [["AWS/DynamoDB", metric.format(kind), "TableName", table, *within] for kind in ("Read", "Write")]
