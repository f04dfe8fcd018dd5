"""What no request of a function's shows: what Lambda does with the function's role, and what a `*` is for.

An app adds rows of its own in pyproject.toml, such as for its bucket's key:

    [tool.grail]
    unseen = "tests.unseen:UNSEEN"

    UNSEEN = [{"function": "index", "actions": ["kms:Decrypt"], "resource": "arn:aws:kms:*:*:alias/shop-{stage}",
               "reason": "S3 decrypts with the function's role what it reads"}]
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from chalice import app as chalice
from chalice.config import Config

from grail.iam.needs import Need
from grail.stack import event_sources
from grail.stack.functions import Function


class Row(NamedTuple):
    """Actions on a resource, whose name is put for `{}`."""

    of: str
    actions: tuple[str, ...]
    resource: str
    reason: str


TABLE = (
    Row(
        "function",
        ("logs:CreateLogStream", "logs:PutLogEvents"),
        "arn:aws:logs:*:*:log-group:/aws/lambda/{}:*",
        "Lambda writes the log; it makes up the names of the streams, which follow the group's",
    ),
    Row(
        "tracing",
        ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
        "*",
        "Lambda sends the traces; X-Ray's actions have no resources",
    ),
    Row(
        "network",
        (
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ),
        "*",
        "Lambda connects the function to its VPC, by interfaces that have no names before they are there",
    ),
    Row(
        "queue",
        ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
        "arn:aws:sqs:*:*:{}",
        "Lambda polls the queue, and deletes what the function has done",
    ),
    Row(
        "table",
        ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"),
        "arn:aws:dynamodb:*:*:table/{}/stream/*",
        "Lambda reads the table's stream, whose ARN ends with the time when it was switched on",
    ),
    Row(
        "stream",
        (
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:SubscribeToShard",
        ),
        "arn:aws:kinesis:*:*:stream/{}",
        "Lambda reads the stream",
    ),
    Row(
        "failures",
        ("sqs:SendMessage",),
        "arn:aws:sqs:*:*:{}",
        "Lambda sends there what it gives up, where the stack says so (grail/stack/event_sources.py)",
    ),
)
"""Sources: Lambda Developer Guide, "Execution role"; DynamoDB Developer Guide, "IAM policy to allow an AWS Lambda
function to access DynamoDB stream records"; Service Authorization Reference."""

STARS = (
    (r"arn:aws:[a-z0-9-]+:\*:\*:[^*?]+", "region and account: a role's policy reaches its own account, in any region"),
    (r"arn:aws:secretsmanager:\*:\*:secret:[^*?]+-\?{6}", "the six characters that AWS ends a secret's ARN with"),
    (r"arn:aws:s3:::[^*?/]+/[^*?/]+/\*", "the rest of an object's key, which the app makes up"),
)
"""The forms of ARNs with a `*`, and why it is there; a row of the table has its own reason."""


def needs(function: Function, config: Config, *, table: str) -> Iterator[Need]:
    """Yield what a function needs unseen. `table` is the name of the stage's table."""
    for of, name in _subjects(function, config, table):
        for row in TABLE:
            if row.of == of:
                for action in row.actions:
                    yield Need(action, row.resource.format(name), reason=row.reason)


def registered(rows: Iterable[Mapping[str, Any]], function: str, stage: str) -> Iterator[Need]:
    """Yield what an app's own rows say of a function."""
    for row in rows:
        if row["function"] == function:
            for action in row["actions"]:
                yield Need(action, row["resource"].format(stage=stage), reason=row["reason"])


def is_explained(resource: str, found: Iterable[Need]) -> bool:
    """Tell whether there is a reason for each `*` of a resource, for a function that needs these."""
    if any(need.resource == resource and need.reason for need in found):
        return True
    return not {"*", "?"} & set(resource) or any(re.fullmatch(form, resource) for form, _ in STARS)


def _subjects(function: Function, config: Config, table: str) -> Iterator[tuple[str, str]]:
    """Yield what a function has that Lambda works on with its role, and the name of that."""
    scoped = config.scope(config.chalice_stage, function.name)
    yield "function", function.lambda_name
    if scoped.xray_enabled:
        yield "tracing", ""
    if scoped.subnet_ids:
        yield "network", ""
    if event_sources.gives_up(function):
        yield "failures", event_sources.failures_name(config.app_name, config.chalice_stage)
    match source := function.source:
        case chalice.SQSEventConfig():
            yield "queue", event_sources.queue_of(function)
        case chalice.DynamoDBEventConfig():
            yield "table", source.stream_arn.split("/")[1] if source.stream_arn else table
        case chalice.KinesisEventConfig():
            yield "stream", source.stream
