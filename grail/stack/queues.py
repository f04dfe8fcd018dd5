"""A stage's queues, each with a queue of dead letters: what could not be worked off, kept for somebody to look at."""

from collections.abc import Mapping
from typing import Any

_DAY = 24 * 60 * 60
_DAYS_IN_QUEUE = 4
_DAYS_AS_DEAD_LETTER = 14  # SQS's longest; a message keeps its age when SQS itself moves it


def queue_resources(name: str, wanted: Mapping[str, int], *, queue: str, dead_letters: str) -> dict[str, Any]:
    """Return a queue and its dead letters, which are named `queue` and `dead_letters`.

    `wanted` is what the app declares: `receives` (how often a message is tried), `visibility_seconds` (how long a
    function has for a batch; AWS asks for six times the function's timeout) and, where a message must be
    smaller than SQS would have it, `largest_bytes`.
    """
    logical = _logical(name)
    source = f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{queue}"
    return {
        f"{logical}DeadLetters": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": dead_letters,
                "MessageRetentionPeriod": _DAYS_AS_DEAD_LETTER * _DAY,
                "SqsManagedSseEnabled": True,
                "RedriveAllowPolicy": {
                    "redrivePermission": "byQueue",
                    # By its name: the queue names its dead letters, and a reference back would be a circle.
                    "sourceQueueArns": [{"Fn::Sub": source}],
                },
            },
        },
        queue_id(name): {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": queue,
                "VisibilityTimeout": wanted["visibility_seconds"],
                "MessageRetentionPeriod": _DAYS_IN_QUEUE * _DAY,
                **({"MaximumMessageSize": wanted["largest_bytes"]} if "largest_bytes" in wanted else {}),
                "SqsManagedSseEnabled": True,
                "RedrivePolicy": {
                    "deadLetterTargetArn": {"Fn::GetAtt": [f"{logical}DeadLetters", "Arn"]},
                    "maxReceiveCount": wanted["receives"],
                },
            },
        },
    }


def queue_id(name: str) -> str:
    """Return the logical id of a queue, by the app's short name."""
    return f"{_logical(name)}Queue"


def _logical(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace("_", "-").split("-"))
