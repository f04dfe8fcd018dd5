"""A queue in SQS, and its dead-letter queue: the only module that calls SQS."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import boto3
from botocore.exceptions import ClientError
from pydantic import BaseModel

from chalicelib.errors import TooLargeError
from chalicelib.repositories.attempts import CONFIG, Attempts, Operation

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

EVENTS, INBOX = "events", "inbox"

RECEIVES = 5
"""How often a message is received before it is given up (AWS advises at least 5 where Lambda receives)."""

LARGEST = 256 * 1024
"""Bytes of a message's body: SQS takes 1 MiB with the attributes, but what a message brings must fit an item too."""

QUEUES = {name: {"receives": RECEIVES, "visibility_seconds": 180, "largest_bytes": LARGEST} for name in (EVENTS, INBOX)}
"""What `grail.stack` makes the queues from (registered in pyproject.toml).

A message that is not deleted comes back after `visibility_seconds`: six times the function's timeout, as AWS advises.
"""

_AT_ONCE = 10
"""SQS quota "Batched message quota"; together they may be as large as one."""
_LONGEST_ERROR = 2_000
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What SQS takes in no text (SendMessage, "MessageBody")."""

Entry = dict[str, Any]
"""A message, or what to do with one, in a batch operation."""


class Parked(NamedTuple):
    """A message that is given up: the id it had, its body, and its error in words."""

    id: str
    body: str
    error: str


class Queue(Protocol):
    """A queue. Every method may raise UnavailableError."""

    def send(self, messages: Iterable[BaseModel], *, delay: int = 0) -> list[str]:
        """Send messages, to be received `delay` seconds later; return their ids. Raises TooLargeError."""

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages that were received."""

    def hold_back(self, seconds: Mapping[str, int]) -> None:
        """Let received messages come back in so many seconds, by their receipts."""

    def park(self, messages: Sequence[Parked], *, function: str, at: datetime) -> None:
        """Put messages, with their errors, on the dead-letter queue."""


class SqsQueue:
    """A `Queue` in SQS. Safe to use from several threads."""

    def __init__(
        self, name: str, *, client: "SQSClient | None" = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._name = name
        self._given = client
        self._attempts = Attempts("queue", sleep=sleep)

    def send(self, messages: Iterable[BaseModel], *, delay: int = 0) -> list[str]:
        """SendMessageBatch."""
        bodies = [_UNPRINTABLE.sub(_escaped, message.model_dump_json()) for message in messages]
        if any(len(body.encode()) > LARGEST for body in bodies):
            message = "It is too large to be sent: a message may have 256 KB."
            raise TooLargeError(message)
        entries = [{"MessageBody": body, "DelaySeconds": delay} for body in bodies]
        return [sent["MessageId"] for sent in self._in_batches(self._client.send_message_batch, self._url, entries)]

    def delete(self, receipts: Sequence[str]) -> None:
        """DeleteMessageBatch."""
        entries = [{"ReceiptHandle": receipt} for receipt in receipts]
        self._in_batches(self._client.delete_message_batch, self._url, entries)

    def hold_back(self, seconds: Mapping[str, int]) -> None:
        """ChangeMessageVisibilityBatch."""
        entries = [{"ReceiptHandle": receipt, "VisibilityTimeout": wait} for receipt, wait in seconds.items()]
        self._in_batches(self._client.change_message_visibility_batch, self._url, entries)

    def park(self, messages: Sequence[Parked], *, function: str, at: datetime) -> None:
        """SendMessageBatch; `grail dlq` shows the attributes, and takes them off again."""
        entries = []
        for message in messages:
            notes = {
                "error": _printable(message.error),
                "function": function,
                "message_id": message.id,
                "parked_at": at.isoformat(),
            }
            attributes = {name: {"DataType": "String", "StringValue": text} for name, text in notes.items()}
            entries.append({"MessageBody": message.body, "MessageAttributes": attributes})
        self._in_batches(self._client.send_message_batch, self._dead_letters_url, entries)

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - boto3's
        """The client: made when it is needed, which in most invocations it is not."""
        return self._given or boto3.client("sqs", config=CONFIG)

    @cached_property
    def _url(self) -> str:
        return self._url_of(self._name)

    @cached_property
    def _dead_letters_url(self) -> str:
        return self._url_of(f"{self._name}-dlq")

    def _url_of(self, name: str) -> str:
        return str(self._attempts.call(self._client.get_queue_url, QueueName=name)["QueueUrl"])

    def _in_batches(self, operation: Operation, url: str, entries: Sequence[Entry]) -> list[Mapping[str, Any]]:
        """Call a batch operation until every entry is done; return what was answered, in the order of the entries."""
        answered: dict[int, Mapping[str, Any]] = {}
        for chunk in _chunks([{**entry, "Id": str(number)} for number, entry in enumerate(entries)]):
            self._attempts.call(_rest, operation=operation, url=url, entries=chunk, answered=answered)
        return [answered[number] for number in range(len(entries))]


def _rest(
    *, operation: Operation, url: str, entries: Sequence[Entry], answered: dict[int, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Call a batch operation for the entries that were not answered yet. Raises ClientError where some are left."""
    answer = operation(QueueUrl=url, Entries=[entry for entry in entries if int(entry["Id"]) not in answered])
    answered.update((int(done["Id"]), done) for done in answer.get("Successful", ()))
    if answer.get("Failed"):
        raise ClientError(_fault(answer["Failed"]), "Batch")
    return answer


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Return the entries in parts that one call may have."""
    chunk: list[Entry] = []
    size = 0
    for entry in entries:
        more = len(entry.get("MessageBody", "").encode())
        if chunk and (len(chunk) == _AT_ONCE or size + more > LARGEST):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += more
    if chunk:
        yield chunk


def _fault(left: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - as botocore has it
    """Return the error that entries of a batch met: ours, if one is, else one that may pass."""
    ours = next((entry for entry in left if entry["SenderFault"]), None)
    if ours is None:
        return {"Error": {"Code": "ServiceUnavailable", "Message": f"{len(left)} of a batch were left"}}
    return {"Error": {"Code": ours["Code"], "Message": ours.get("Message", "")}}


def _escaped(found: re.Match[str]) -> str:
    """Return a character of a JSON string as JSON may write it too; no text has half of a pair, so it is one unit."""
    return f"\\u{ord(found[0]):04x}"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)[:_LONGEST_ERROR] or "?"
