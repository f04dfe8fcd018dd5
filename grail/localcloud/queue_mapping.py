"""An SQS queue's messages, in batches, to a function.

Source: Lambda Developer Guide, "Using Lambda with Amazon SQS": the event, what is deleted, and "Handling errors for an
SQS event source". The visibility timeout and the move to a dead-letter queue are the queue's own.
"""

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from grail.localcloud import moto_state
from grail.localcloud.invocations import ExecutorLostError, FunctionError, Invoke
from grail.localcloud.wiring import QueueSource

_MOST_AT_ONCE = 10
"""SQS quota: messages a ReceiveMessage or DeleteMessageBatch."""

_LOOK_SECONDS = 0.1


class QueueMapping:
    """Calls a function with a queue's messages. `sqs` is a boto3 client; `now` and `pause` are in seconds."""

    concurrency = 2

    def __init__(
        self,
        source: QueueSource,
        *,
        sqs: Any,  # noqa: ANN401 - boto3's client, whose types do not ship
        invoke: Invoke,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.source = source
        self._sqs = sqs
        self._invoke = invoke
        self._now = now
        self._pause = pause

    def has_work(self) -> bool:
        """Tell, without a request, whether a step would find a message."""
        return moto_state.has_message(self.source.queue, region=self._sqs.meta.region_name)

    def step(self) -> bool:
        """Receive a batch, call the function, delete what it did; tell whether there was a batch.

        Where the function fails nothing is deleted: the messages come back after the queue's visibility timeout. Where
        a reload of the app took the function away they come back at once, as if they had not been received.
        """
        try:
            url = self._sqs.get_queue_url(QueueName=self.source.queue)["QueueUrl"]
        except self._sqs.exceptions.QueueDoesNotExist:
            return False
        batch = self._receive(url)
        if not batch:
            return False
        arn = f"arn:aws:sqs:{self._sqs.meta.region_name}:{moto_state.ACCOUNT}:{self.source.queue}"
        event = {"Records": [_record(message, arn) for message in batch]}
        try:
            answer = self._invoke(self.source.function, event)
        except ExecutorLostError:
            receipts = {message["ReceiptHandle"] for message in batch}
            moto_state.give_back(self.source.queue, receipts, region=self._sqs.meta.region_name)
            return False
        except FunctionError:
            return True
        done = _done(batch, answer) if self.source.reports_failures else batch
        for start in range(0, len(done), _MOST_AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(done[start : start + _MOST_AT_ONCE])
            ]
            self._sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return True

    def _receive(self, url: str) -> list[Any]:
        """Return up to a batch: what there is now, or else what comes within the window after the first message."""
        batch: list[Any] = []
        until = self._now() + self.source.window
        while True:
            wanted = min(_MOST_AT_ONCE, self.source.batch_size - len(batch))
            found = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=wanted,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
                WaitTimeSeconds=0,
            ).get("Messages", [])
            batch += found
            if not batch or len(batch) == self.source.batch_size:
                return batch
            if len(found) < wanted:
                if self._now() >= until:
                    return batch
                self._pause(_LOOK_SECONDS)


def _record(message: Mapping[str, Any], arn: str) -> dict[str, Any]:
    """Return a message as Lambda spells it."""
    attributes = message.get("MessageAttributes", {})
    record = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "messageAttributes": {name: dict(_attribute(value)) for name, value in attributes.items()},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }
    if attributes:
        record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return record


def _attribute(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "StringValue" in value:
        yield "stringValue", value["StringValue"]
    if "BinaryValue" in value:
        yield "binaryValue", base64.b64encode(value["BinaryValue"]).decode()
    yield from (("stringListValues", []), ("binaryListValues", []), ("dataType", value["DataType"]))


def _done(batch: Sequence[Any], answer: Any) -> list[Any]:  # noqa: ANN401 - whatever the function answers
    """Return the messages that a function does not report as failed; none where its report can't be read."""
    if answer is None or answer == {}:
        return list(batch)
    try:
        failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"] or ()}
    except (KeyError, TypeError):
        return []
    ids = {message["MessageId"] for message in batch}
    return [message for message in batch if message["MessageId"] not in failed] if failed <= ids else []
