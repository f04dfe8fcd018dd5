"""What is watched of each kind of part, and from when on that is a fault. docs/stack.md lists it."""

from collections.abc import Iterable, Iterator

from grail.stack.alarms import Alarm, Metric, When, total
from grail.stack.api_metrics import ApiMetrics
from grail.stack.functions import Caller, Function

API_FAULTS = "api-faults"
AUTHORIZER_FAULTS = "authorizer-faults"

_FEW_REQUESTS = 100
_OPERATIONS = ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "TransactWriteItems", "UpdateItem")
"""DynamoDB's, as far as an alarm's ten metrics reach."""


def of_api(api: ApiMetrics) -> Iterator[Alarm]:
    """Watch a stage of an API: the share of its requests that fail, and how long they take."""
    faults, requests, latency = (
        Metric("AWS/ApiGateway", metric, api.dimensions, statistic)
        for metric, statistic in ((api.faults, "Sum"), ("Count", "Sum"), ("Latency", "p99"))
    )
    yield Alarm(
        API_FAULTS,
        "More than 1 % of the requests fail, in 3 of 5 minutes. A minute with few requests counts as one with"
        f" {_FEW_REQUESTS}: one fault of three is no rate.",
        [faults, requests],
        When(0.01, 60, 3, 5),
        f"IF(m1 > {_FEW_REQUESTS}, m0 / m1, m0 / {_FEW_REQUESTS})",
    )
    yield Alarm(
        "api-latency",
        "One of 100 requests takes longer than 3 seconds, for a quarter of an hour: longer than a cold start.",
        [latency],
        When(3_000, 300, 3, 3),
    )


def of_function(function: Function) -> Iterator[Alarm]:
    """Watch a function. Of an authorizer, an error may be a refusal, so that the access log tells its faults."""
    name = function.name.replace("_", "-")

    def metric(metric: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/Lambda", metric, {"FunctionName": function.lambda_name}, statistic)

    if function.caller is not Caller.GATEWAY:
        yield Alarm(
            f"{name}-errors",
            "The function failed more than twice within 5 minutes. An event that nobody waits for is tried thrice.",
            [metric("Errors")],
            When(2, 300),
        )
    yield Alarm(
        f"{name}-throttles",
        "The function is throttled, in 3 of 5 minutes: by its reserved concurrency, or the account's.",
        [metric("Throttles")],
        When(0, 60, 3, 5),
    )
    if function.caller is Caller.STREAM:
        yield Alarm(
            f"{name}-iterator-age",
            "The function is 5 minutes behind its stream, for 3 minutes. A record that fails holds back the next.",
            [metric("IteratorAge", "Maximum")],
            When(5 * 60 * 1_000, 60, 3, 3),
        )


def of_authorizers(name: str) -> Iterator[Alarm]:
    """Watch what API Gateway answered because an authorizer failed; `name` is the namespace of the metric."""
    yield Alarm(
        AUTHORIZER_FAULTS,
        "More than twice within 5 minutes, who is calling could not be told, and the answer was 503.",
        [Metric(name, AUTHORIZER_FAULTS, {})],
        When(2, 300),
    )


def of_queue(name: str, short: str, *, seconds: int) -> Iterator[Alarm]:
    """Watch a queue; `seconds` is how long all tries of a message take."""
    yield Alarm(
        f"{short}-age",
        f"A message waits longer than all of its tries take ({seconds} s): the queue is not worked off.",
        [Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": name}, "Maximum")],
        When(seconds, 60, 3, 3),
    )


def of_dead_letters(name: str, short: str) -> Iterator[Alarm]:
    """Watch a queue where nothing should be."""
    yield Alarm(
        f"{short}-depth",
        f"Something was given up, and is in {name} for somebody to look at.",
        [Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", {"QueueName": name}, "Maximum")],
        When(0),
    )


def of_table(name: str, indexes: Iterable[str]) -> Iterator[Alarm]:
    """Watch a table: what it and its indexes refuse for being asked too fast, and what it fails at."""
    for index in (None, *indexes):
        dimensions = {"TableName": name} | ({"GlobalSecondaryIndexName": index} if index else {})
        throttles = [Metric("AWS/DynamoDB", f"{kind}ThrottleEvents", dimensions) for kind in ("Read", "Write")]
        yield Alarm(
            "-".join(part for part in ("table", index, "throttles") if part),
            "Reads or writes are refused for coming too fast, in 3 of 5 minutes: longer than retries make up for.",
            throttles,
            When(0, 60, 3, 5),
            total(throttles),
        )
    faults = [Metric("AWS/DynamoDB", "SystemErrors", {"TableName": name, "Operation": one}) for one in _OPERATIONS]
    yield Alarm(
        "table-faults",
        "DynamoDB fails, in 3 of 5 minutes: longer than retries make up for.",
        faults,
        When(0, 60, 3, 5),
        total(faults),
    )
