"""A DynamoDB stream's records, in order, one batch at a time, to a function.

Source: Lambda Developer Guide, "Process DynamoDB records with Lambda": a batch whose function fails is tried again, and
holds up those behind it, until it succeeds.
"""

import base64
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from grail.localcloud import moto_state
from grail.localcloud.invocations import ExecutorLostError, FunctionError, Invoke
from grail.localcloud.wiring import StreamSource

_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 10.0


class StreamMapping:
    """Calls a function with a stream's records. `streams` is a boto3 client; `now` is in seconds."""

    concurrency = 1

    def __init__(
        self,
        source: StreamSource,
        *,
        streams: Any,  # noqa: ANN401 - boto3's client, whose types do not ship
        invoke: Invoke,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.source = source
        self._streams = streams
        self._invoke = invoke
        self._now = now
        self._position = moto_state.last_record(source.stream) if source.position == "LATEST" else None
        self._batch: list[Any] = []
        self._failures = 0
        self._not_before = 0.0

    def has_work(self) -> bool:
        """Tell, without a request, whether a step would call the function."""
        if self._now() < self._not_before:
            return False
        last = moto_state.last_record(self.source.stream)
        return bool(self._batch) or (last is not None and (self._position is None or last > self._position))

    def hurry(self) -> None:
        """Try a batch that failed at once: there is new code."""
        self._not_before = 0.0

    def step(self) -> bool:
        """Call the function with the next batch, or again with the one that failed; tell whether it succeeded."""
        if self._now() < self._not_before:
            return False
        self._batch = self._batch or self._read()
        if not self._batch:
            return False
        event = {"Records": [_record(record, self.source.stream) for record in self._batch]}
        try:
            self._invoke(self.source.function, event)
        except ExecutorLostError:
            return False
        except FunctionError:
            self._not_before = self._now() + min(_FIRST_PAUSE * 2**self._failures, _LONGEST_PAUSE)
            self._failures += 1
            return False
        self._position = int(self._batch[-1]["dynamodb"]["SequenceNumber"])
        self._batch, self._failures = [], 0
        return True

    def _read(self) -> list[Any]:
        """Return the records after the position.

        The iterator is always a new one: moto's are of a table that a transaction's rollback puts out of use.
        """
        try:
            stream = self._streams.describe_stream(StreamArn=self.source.stream)["StreamDescription"]
        except self._streams.exceptions.ResourceNotFoundException:
            return []
        where = {"StreamArn": self.source.stream, "ShardId": stream["Shards"][0]["ShardId"]}
        if self._position is None:
            iterator = self._streams.get_shard_iterator(**where, ShardIteratorType="TRIM_HORIZON")
        else:
            iterator = self._streams.get_shard_iterator(
                **where, ShardIteratorType="AFTER_SEQUENCE_NUMBER", SequenceNumber=str(self._position)
            )
        found = self._streams.get_records(ShardIterator=iterator["ShardIterator"], Limit=self.source.batch_size)
        records: list[Any] = found["Records"]
        return records


def _record(record: Mapping[str, Any], stream: str) -> dict[str, Any]:
    """Return a record as Lambda spells it."""
    found: dict[str, Any] = {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": stream.split(":")[3],
        "dynamodb": _plain(record["dynamodb"]),
        "eventSourceARN": stream,
    }
    if "userIdentity" in record:  # a record of TTL's
        identity = record["userIdentity"]
        found["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a record
    """Return a value as JSON has it: binary as base64, a time as seconds since 1970."""
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return value.timestamp()
        case dict():
            return {name: _plain(found) for name, found in value.items()}
        case list():
            return [_plain(found) for found in value]
    return value
