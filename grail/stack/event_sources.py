"""What a function's event source needs and Chalice can't say: what comes back, for how long, and where it ends up."""

from collections.abc import Iterable, Mapping
from typing import Any

from grail.errors import GrailError
from grail.stack.functions import Caller, Function

FAILURES = "Failures"
"""The logical id of the queue for what functions gave up: the records of what was to be done, not the messages."""

_DAYS_KEPT = 14  # SQS's longest
_RECORD_SECONDS = 12 * 60 * 60
"""How long a stream's record is tried. A stream forgets after 24 hours: the other half is for who fetches by hand what
a failure names, which has no more than the record's place in it."""


def failures_name(app: str, stage: str) -> str:
    """Return the name of the queue for what a stage's functions gave up."""
    return f"{app}-{stage}-failures"


def gives_up(function: Function) -> bool:
    """Tell whether Lambda gives up what a function fails at; a queue has dead letters of its own."""
    return function.caller in {Caller.STREAM, Caller.EVENT}


def failures(functions: Iterable[Function], *, app: str, stage: str) -> dict[str, Any]:
    """Return the queue, where there are functions that need it."""
    if not any(map(gives_up, functions)):
        return {}
    return {
        FAILURES: {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": failures_name(app, stage),
                "MessageRetentionPeriod": _DAYS_KEPT * 24 * 60 * 60,
                "SqsManagedSseEnabled": True,
            },
        }
    }


def queue_of(function: Function) -> str:
    """Return the name of the queue that a function gets messages from; empty where it is none."""
    if function.caller is not Caller.QUEUE:
        return ""
    return function.source.queue or str(function.source.queue_arn).rpartition(":")[2]


def properties(function: Function, *, has_table: bool) -> dict[str, Any]:
    """Return what to merge into a function's properties. Raises GrailError for a stream that nobody names.

    A batch's failures are reported where the function answers with them; a function that answers nothing, and raises
    where something failed, means the same with and without.
    """
    match function.caller:
        case Caller.QUEUE:
            return _event(function, {"FunctionResponseTypes": ["ReportBatchItemFailures"]})
        case Caller.STREAM:
            return _event(
                function,
                {
                    **_stream(function, has_table=has_table),
                    "FunctionResponseTypes": ["ReportBatchItemFailures"],
                    "BisectBatchOnFunctionError": True,
                    "MaximumRetryAttempts": -1,  # time decides: an outage uses up any number
                    "MaximumRecordAgeInSeconds": _RECORD_SECONDS,
                    "DestinationConfig": {"OnFailure": _DESTINATION},
                },
            )
        case Caller.EVENT:
            return {"EventInvokeConfig": {"DestinationConfig": {"OnFailure": _DESTINATION}}}
    return {}


_DESTINATION = {"Type": "SQS", "Destination": {"Fn::GetAtt": [FAILURES, "Arn"]}}


def _event(function: Function, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"Events": {function.event: {"Properties": found}}}


def _stream(function: Function, *, has_table: bool) -> dict[str, Any]:
    """Return the table's stream for a function whose own has no ARN."""
    if getattr(function.source, "stream_arn", "Kinesis's, which Chalice names"):
        return {}
    if not has_table:
        message = f"{function.name}: on_dynamodb_record has no ARN, and pyproject.toml [tool.grail] has no table"
        raise GrailError(message)
    return {"Stream": {"Fn::GetAtt": ["Table", "StreamArn"]}}
