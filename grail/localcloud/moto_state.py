"""What moto 5.2 holds in memory, to tell without a request whether there is work; nothing else looks there."""

from collections.abc import Collection
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

ACCOUNT = DEFAULT_ACCOUNT_ID


def has_message(queue: str, *, region: str) -> bool:
    """Tell whether a queue has a message that can be received now; a queue that does not exist has none."""
    found = sqs_backends[ACCOUNT][region].queues.get(queue)
    return found is not None and any(message.visible and not message.delayed for message in list(found._messages))  # noqa: SLF001 - the property of the name makes a list of all


def give_back(queue: str, receipts: Collection[str], *, region: str) -> None:
    """Let received messages be as they were before: to be received now, and not counted as received."""
    for message in list(sqs_backends[ACCOUNT][region].queues[queue]._messages):  # noqa: SLF001 - as above
        if message.receipt_handle in receipts:
            message.visible_at = 0
            message.approximate_receive_count -= 1


def last_record(stream: str) -> int | None:
    """Return the sequence number of a stream's last record; None where it has none, or does not exist."""
    shard = _shard(stream)
    if shard is None or not shard.items:
        return None
    return int(shard.items[-1].record["dynamodb"]["SequenceNumber"])


def is_stream(arn: str) -> bool:
    """Tell whether there is a stream with an ARN."""
    return _shard(arn) is not None


def _shard(stream: str) -> Any:  # noqa: ANN401 - moto's models are untyped
    """Return what holds a stream's records; None where there is no such stream."""
    match stream.split(":", 5):
        case [_, _, "dynamodb", region, _, resource]:
            table = dynamodb_backends[ACCOUNT][region].tables.get(resource.split("/")[1])
            return None if table is None else table.stream_shard
    return None
