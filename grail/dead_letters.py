"""A queue's dead letters: look at them, move them back to their queue, or drop them.

A letter that is moved is sent before it is deleted. So wherever that is cut short, it is in one of the two queues, or
in both: it may be sent twice, and is never lost.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from grail.letters import Letter, foreign_attributes, parts

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

_AT_ONCE = 10
"""SQS quota "Batched message quota"."""
_HELD_SECONDS = 60
"""How long a letter that was received is out of sight, if this process is killed before it gives it back."""
_TRIES = 3

Tell = Callable[[int], None]
"""Is told how many are done so far."""


class Waiting(NamedTuple):
    """About how many letters are there: to be received, and received by somebody just now."""

    messages: int
    in_flight: int


class Redriven(NamedTuple):
    """What became of letters: `moved`, some of which are `twice` in the queues, or `refused`, the last one why."""

    moved: int
    twice: int
    refused: int
    why: str


class DeadLetters:
    """The dead letters of a queue. `now` is in seconds since 1970. Every method may raise botocore's errors."""

    def __init__(
        self, sqs: "SQSClient", *, queue: str, dead_letters: str, now: Callable[[], float] = time.time
    ) -> None:
        self._sqs = sqs
        self._queue = queue
        self._dead_letters = dead_letters
        self._now = now

    def count(self) -> Waiting:
        """Count the letters."""
        found = self._sqs.get_queue_attributes(
            QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        )["Attributes"]
        return Waiting(int(found["ApproximateNumberOfMessages"]), int(found["ApproximateNumberOfMessagesNotVisible"]))

    def show(self, limit: int) -> list[Letter]:
        """Return some letters, which stay where they are."""
        with self._holding() as held:
            return [Letter.read(message) for batch in self._receive(limit, held) for message in batch]

    def redrive(self, limit: int, *, tell: Tell) -> Redriven:
        """Move letters back to their queue, without the attributes that they were given here.

        At most `limit`, and none that arrives later, so that it ends though they come back at once.
        """
        moved = twice = refused = 0
        why = ""
        with self._holding() as held:
            for batch in self._receive(limit, held):
                for part in parts(batch):
                    sent: list[MessageTypeDef] = []
                    try:
                        failed = self._send(part, sent)
                    finally:
                        deleted = self._delete(sent)
                        held.difference_update(deleted)
                    moved += len(sent)
                    twice += len(sent) - len(deleted)
                    refused += len(failed)
                    why = failed[-1] if failed else why
                    tell(moved)
        return Redriven(moved, twice, refused, why)

    def drop(self, limit: int, *, tell: Tell) -> int:
        """Delete letters, at most `limit` and none that arrives later; return how many."""
        dropped = 0
        with self._holding() as held:
            for batch in self._receive(limit, held):
                deleted = self._delete(batch)
                held.difference_update(deleted)
                dropped += len(deleted)
                tell(dropped)
        return dropped

    @cached_property
    def _url(self) -> str:
        return self._sqs.get_queue_url(QueueName=self._dead_letters)["QueueUrl"]

    @cached_property
    def _queue_url(self) -> str:
        return self._sqs.get_queue_url(QueueName=self._queue)["QueueUrl"]

    @contextmanager
    def _holding(self) -> Iterator[set[str]]:
        """Hold letters, by their receipts, while the block runs; give back at once what is held at its end."""
        held: set[str] = set()
        try:
            yield held
        finally:
            left = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(held)]
            for start in range(0, len(left), _AT_ONCE):
                entries: Any = [{**entry, "VisibilityTimeout": 0} for entry in left[start : start + _AT_ONCE]]
                try:
                    self._sqs.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
                except (BotoCoreError, ClientError):  # they come back by themselves
                    break

    def _receive(self, limit: int, held: set[str]) -> Iterator[list["MessageTypeDef"]]:
        """Receive at most `limit` letters that are there now; what arrives later is held, and passed over.

        It ends, too, where as many arrive as were to be received: there may be no end of them.
        """
        began = self._now()
        taken = passed = 0
        while taken < limit and passed <= limit:
            received = self._sqs.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(_AT_ONCE, limit - taken),
                VisibilityTimeout=_HELD_SECONDS,
                WaitTimeSeconds=1,  # 0 asks a sample of SQS's servers, and may find none where there are some
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            if not received:
                return
            held |= {message["ReceiptHandle"] for message in received}
            batch = [message for message in received if int(message["Attributes"]["SentTimestamp"]) <= began * 1000]
            taken += len(batch)
            passed += len(received) - len(batch)
            if batch:
                yield batch

    def _send(self, messages: Sequence["MessageTypeDef"], sent: list["MessageTypeDef"]) -> list[str]:
        """Send letters to their queue; add to `sent` what was sent, and return why each other was not."""
        entries: Any = [
            {"Id": str(number), "MessageBody": message["Body"], "MessageAttributes": foreign_attributes(message)}
            for number, message in enumerate(messages)
        ]
        answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        sent += [messages[int(done["Id"])] for done in answer.get("Successful", ())]
        return [f"{failed['Code']}: {failed.get('Message', '')}" for failed in answer.get("Failed", ())]

    def _delete(self, messages: Sequence["MessageTypeDef"]) -> set[str]:
        """Delete letters; return the receipts of those that were."""
        deleted: set[str] = set()
        for _ in range(_TRIES):
            left = [message["ReceiptHandle"] for message in messages if message["ReceiptHandle"] not in deleted]
            if not left:
                break
            entries: Any = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(left)]
            answer = self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
            deleted |= {left[int(done["Id"])] for done in answer.get("Successful", ())}
        return deleted
