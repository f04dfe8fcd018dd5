"""What tells somebody that a stage is not well: alarms, the topic that they tell, and a dashboard."""

from collections.abc import Iterator
from typing import Any

from grail.stack import api_metrics, dashboard, watched
from grail.stack.alarms import Alarm
from grail.stack.functions import Caller
from grail.stack.parts import Parts

_TOPIC = "Alarms"
_ACCESS_LOG = "ApiAccessLog"  # access_logs makes it


def resources(parts: Parts, *, tell: bool | str) -> dict[str, Any]:
    """Return them. `tell` is the ARN of a topic, or an email address that the stage's own topic tells, or True."""
    is_theirs = isinstance(tell, str) and tell.startswith("arn:")
    tells = tell if is_theirs else {"Ref": _TOPIC}
    found = {alarm.logical: alarm.resource(parts.name, tells=[tells]) for alarm in _alarms(parts)}
    found["Dashboard"] = dashboard.resource(parts)
    if not is_theirs:
        found[_TOPIC] = _topic(f"{parts.name}-alarms", email=tell if isinstance(tell, str) else None)
    if _has_authorizer(parts):
        found["AuthorizerFaults"] = _authorizer_faults(parts.name)
    return found


def _alarms(parts: Parts) -> Iterator[Alarm]:
    if parts.api_stage is not None:
        yield from watched.of_api(api_metrics.of(parts))
    if _has_authorizer(parts):
        yield from watched.of_authorizers(parts.name)
    for function in parts.functions:
        yield from watched.of_function(function)
    for name, seconds in parts.queues.items():
        yield from watched.of_queue(name, name.removeprefix(f"{parts.name}-"), seconds=seconds)
    for name in parts.dead_letters:
        yield from watched.of_dead_letters(name, name.removeprefix(f"{parts.name}-"))
    if parts.table is not None:
        yield from watched.of_table(parts.table, parts.indexes)


def _has_authorizer(parts: Parts) -> bool:
    return any(function.caller is Caller.GATEWAY for function in parts.functions)


def _topic(name: str, *, email: str | None) -> dict[str, Any]:
    """Return the topic. Not encrypted: CloudWatch can't use AWS's own key for SNS, and an alarm says nothing secret."""
    properties: dict[str, Any] = {"TopicName": name}
    if email is not None:
        properties["Subscription"] = [{"Protocol": "email", "Endpoint": email}]
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def _authorizer_faults(namespace: str) -> dict[str, Any]:
    """Return what counts, in the access log, the requests that API Gateway could not have decided on."""
    types = ("AUTHORIZER_FAILURE", "AUTHORIZER_CONFIGURATION_ERROR")
    pattern = " || ".join(f'($.answered_by = "{one}")' for one in types)
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": _ACCESS_LOG},
            "FilterPattern": f"{{ {pattern} }}",
            "MetricTransformations": [
                {"MetricNamespace": namespace, "MetricName": watched.AUTHORIZER_FAULTS, "MetricValue": "1"}
            ],
        },
    }
