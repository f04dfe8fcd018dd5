"""What every queue does alike, and what SQS asks of a client."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import BaseModel

from chalicelib.errors import TooLargeError, UnavailableError
from chalicelib.repositories.attempts import ATTEMPTS
from chalicelib.repositories.queue import LARGEST, Parked, Queue, SqsQueue
from tests import emulators
from tests.fakes import MemoryQueue

AT = datetime(2026, 1, 15, tzinfo=UTC)


class Text(BaseModel):
    """A message."""

    text: str


def texts(count: int, size: int = 1) -> list[Text]:
    return [Text(text=f"{number}".rjust(size, "a")) for number in range(count)]


@dataclass
class Ends:
    """A queue's two ends, and its dead letters. `receive` returns records as Lambda gets them."""

    queue: Queue
    receive: Callable[[], Sequence[Any]]
    dead: Callable[[], Sequence[Parked]]

    def receive_all(self) -> list[Any]:
        """Receive until nothing comes."""
        found: list[Any] = []
        while batch := self.receive():
            found += batch
        return found


def on_sqs(url: str) -> Ends:
    """Create a queue, and its dead letters, on an emulator."""
    sqs, name = emulators.client("sqs", url), f"q{uuid.uuid4().hex}"
    urls = [sqs.create_queue(QueueName=each)["QueueUrl"] for each in (name, f"{name}-dlq")]

    def receive(number: int) -> list[Any]:
        answer = sqs.receive_message(QueueUrl=urls[number], MaxNumberOfMessages=10, MessageAttributeNames=["All"])
        return list(answer.get("Messages", ()))

    def dead() -> list[Parked]:
        letters = [(each["Body"], each["MessageAttributes"]) for each in receive(1)]
        return [
            Parked(notes["message_id"]["StringValue"], body, notes["error"]["StringValue"]) for body, notes in letters
        ]

    def records() -> list[Any]:
        names = {"MessageId": "messageId", "ReceiptHandle": "receiptHandle", "Body": "body"}
        return [{ours: message[theirs] for theirs, ours in names.items()} for message in receive(0)]

    return Ends(SqsQueue(name, client=sqs), records, dead)


@pytest.fixture(params=["memory", "moto", "ministack"])
def ends(request: pytest.FixtureRequest) -> Ends:
    """Return an empty queue."""
    if request.param == "memory":
        queue = MemoryQueue()
        return Ends(queue, lambda: queue.receive()["Records"], lambda: queue.dead)
    return on_sqs(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["moto", "ministack"])
def sqs_ends(request: pytest.FixtureRequest) -> Ends:
    """Return an empty queue in SQS."""
    return on_sqs(request.getfixturevalue(f"{request.param}_url"))


@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_what_is_sent_is_received(ends: Ends, count: int) -> None:
    """Each message once, under the id that its sender was told; SQS takes ten at once."""
    sent = texts(count)
    ids = ends.queue.send(sent)
    received = {record["messageId"]: record["body"] for record in ends.receive_all()}
    assert received == {identifier: message.model_dump_json() for identifier, message in zip(ids, sent, strict=True)}


def test_what_is_deleted_is_gone(ends: Ends) -> None:
    """And nothing else: the others come back when they may."""
    ends.queue.send(texts(12))
    records = ends.receive_all()
    ends.queue.delete([record["receiptHandle"] for record in records[:11]])
    ends.queue.hold_back({records[11]["receiptHandle"]: 0})
    assert [record["body"] for record in ends.receive_all()] == [records[11]["body"]]


def test_nothing_is_no_call(ends: Ends) -> None:
    """Nothing to delete, to hold back or to park."""
    ends.queue.delete([])
    ends.queue.hold_back({})
    ends.queue.park([], function="on_event", at=AT)
    assert ends.dead() == []


def test_a_message_that_is_held_back_comes_later(ends: Ends) -> None:
    """One that is not, at once."""
    ends.queue.send(texts(2))
    now, later = ends.receive_all()
    ends.queue.hold_back({now["receiptHandle"]: 0, later["receiptHandle"]: 60})
    assert [record["body"] for record in ends.receive_all()] == [now["body"]]


def test_a_delayed_message_is_not_received_yet(ends: Ends) -> None:
    """One that is not delayed is."""
    ends.queue.send(texts(1), delay=60)
    ends.queue.send([Text(text="now")])
    assert [record["body"] for record in ends.receive_all()] == ['{"text":"now"}']


def test_what_is_given_up_is_parked_as_it_was(ends: Ends) -> None:
    """With its id and its error."""
    parked = [Parked(f"id-{number}", f'{{"number": {number}}}', f"ValueError: {number}") for number in range(12)]
    ends.queue.park(parked[:1], function="on_event", at=AT)
    assert ends.dead() == parked[:1]


@pytest.mark.parametrize(
    "character", ["\u0000", "\u0008", "\u001f", "\u007f", "\u0085", "\ufffe", "\uffff", "😀", "\n"]
)
def test_any_character_can_be_sent(ends: Ends, character: str) -> None:
    """SQS takes few control characters; JSON can spell all."""
    message = Text(text=f"a{character}b")
    ends.queue.send([message])
    [record] = ends.receive_all()
    assert Text.model_validate_json(record["body"]) == message


@pytest.mark.parametrize("error", ["\u0000\u0008", "a\ufffeb\uffff", "\ud800", "", "a" * 10_000, "😀é\n\t"])
def test_any_error_can_be_parked(sqs_ends: Ends, error: str) -> None:
    """What SQS does not take becomes a question mark; what is too long is cut off."""
    sqs_ends.queue.park([Parked("id", "{}", error)], function="on_event", at=AT)
    [parked] = sqs_ends.dead()
    wanted = "".join("?" if character in "\u0000\u0008\ufffe\uffff\ud800" else character for character in error)
    assert parked.error == (wanted[:2_000] or "?")


@pytest.mark.parametrize(("count", "size"), [(10, 200_000), (5, LARGEST - 20), (11, 24_000)])
def test_large_messages_are_sent_in_parts(sqs_ends: Ends, count: int, size: int) -> None:
    """What is too large together is sent apart."""
    ids = sqs_ends.queue.send(texts(count, size))
    received = sqs_ends.receive_all()
    assert sorted(record["messageId"] for record in received) == sorted(ids)
    assert all(len(record["body"]) >= size for record in received)


def test_a_message_that_is_too_large_is_refused(sqs_ends: Ends) -> None:
    """And with it all that were to be sent."""
    with pytest.raises(TooLargeError):
        sqs_ends.queue.send([*texts(1), Text(text="a" * LARGEST)])
    assert sqs_ends.receive_all() == []


def test_the_largest_message_is_sent(sqs_ends: Ends) -> None:
    """To the byte."""
    message = Text(text="a" * (LARGEST - len('{"text":""}')))
    assert len(message.model_dump_json()) == LARGEST
    sqs_ends.queue.send([message])
    [record] = sqs_ends.receive_all()
    assert len(record["body"]) == LARGEST


def test_the_largest_dead_letter_is_parked(sqs_ends: Ends) -> None:
    """With its error, which counts too."""
    body = "a" * LARGEST
    sqs_ends.queue.park([Parked("id", body, "e" * 5_000)] * 2, function="on_event", at=AT)
    assert len(sqs_ends.dead()) == 2


# What SQS may leave undone of a batch


class Partial:
    """A client whose next answers are told: the ids that it leaves undone, and whether that is the caller's fault."""

    def __init__(self, *left: set[str], sender_fault: bool = False) -> None:
        self._left = list(left)
        self._sender_fault = sender_fault
        self.asked: list[list[str]] = []

    def get_queue_url(self, QueueName: str) -> Any:  # noqa: N803 - boto3's
        """GetQueueUrl."""
        return {"QueueUrl": QueueName}

    def send_message_batch(self, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: ARG002, N803 - boto3's
        """SendMessageBatch."""
        ids = [entry["Id"] for entry in Entries]
        self.asked.append(ids)
        left = self._left.pop(0) if self._left else set()
        fault = {"SenderFault": self._sender_fault, "Code": "Odd", "Message": "no"}
        return {
            "Successful": [{"Id": each, "MessageId": f"m{each}"} for each in ids if each not in left],
            "Failed": [{"Id": each, **fault} for each in ids if each in left],
        }

    delete_message_batch = change_message_visibility_batch = send_message_batch


def partial(*left: set[str], **more: Any) -> tuple[SqsQueue, Partial]:
    client: Any = Partial(*left, **more)
    return SqsQueue("q", client=client, sleep=lambda _: None), client


def test_only_what_is_left_is_sent_again() -> None:
    """And every message has its own id in the end."""
    queue, client = partial({"1", "3"}, {"3"})
    assert queue.send(texts(4)) == ["m0", "m1", "m2", "m3"]
    assert client.asked == [["0", "1", "2", "3"], ["1", "3"], ["3"]]


def test_each_part_of_a_batch_is_tried_by_itself() -> None:
    """What failed of the first ten is there before the next are sent."""
    queue, client = partial({"9"})
    assert queue.send(texts(12)) == [f"m{number}" for number in range(12)]
    assert client.asked == [[str(number) for number in range(10)], ["9"], ["10", "11"]]


@pytest.mark.parametrize("operation", ["send", "delete", "hold_back", "park"])
def test_what_stays_undone_is_an_error(operation: str) -> None:
    """After a bounded number of tries, whichever operation it is."""
    queue, client = partial(*[{"0"}] * 50)
    operations: dict[str, Callable[[], object]] = {
        "send": lambda: queue.send(texts(2)),
        "delete": lambda: queue.delete(["a", "b"]),
        "hold_back": lambda: queue.hold_back({"a": 1, "b": 2}),
        "park": lambda: queue.park([Parked("id", "{}", "e")] * 2, function="f", at=AT),
    }
    with pytest.raises(UnavailableError):
        operations[operation]()
    assert client.asked == [["0", "1"], *[["0"]] * (ATTEMPTS - 1)]


def test_what_is_our_own_fault_is_not_tried_again() -> None:
    """It would fail for ever."""
    queue, client = partial(*[{"0"}] * 50, sender_fault=True)
    with pytest.raises(ClientError, match="Odd"):
        queue.send(texts(2))
    assert len(client.asked) == 1
