"""Dead letters, on a hand-written SQS that fails when it is told to."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from grail.dead_letters import DeadLetters, Redriven, Waiting
from grail.letters import PARKED, Letter

QUEUE, DEAD = "jobs", "jobs-dlq"


def text(value: str) -> dict[str, str]:
    """Return a message attribute."""
    return {"DataType": "String", "StringValue": value}


class FakeSqs:
    """Two queues, whose messages are kept in order. Every call takes a second.

    `refused` are bodies that it doesn't take, `undeletable` how many calls of DeleteMessageBatch do nothing. `poison`
    is whether what is sent to the queue is dead again at once, `flood` how many dead letters arrive with each receive.
    It is interrupted by Ctrl-C in the call of number `interrupted`: before it does anything, or at its end.
    """

    def __init__(self) -> None:
        self.queues: dict[str, list[dict[str, Any]]] = {QUEUE: [], DEAD: []}
        self.seconds = 1_000.0
        self.calls = 0
        self.called: list[str] = []
        self.sizes: list[int] = []
        self.refused: set[str] = set()
        self.undeletable = 0
        self.poison = False
        self.flood = 0
        self.interrupted: tuple[int, str] | None = None

    def now(self) -> float:
        """Return the time."""
        return self.seconds

    def bodies(self, queue: str) -> list[str]:
        """Return what is on a queue."""
        return [message["Body"] for message in self.queues[queue]]

    def put(self, queue: str, body: str, attributes: dict[str, Any] | None = None) -> str:
        """Put a message on a queue."""
        identity = str(sum(map(len, self.queues.values())))
        sent = str(int(self.seconds * 1000))
        self.queues[queue].append({
            "MessageId": f"m{identity}", "Body": body, "MessageAttributes": attributes or {}, "held": False,
            "ReceiptHandle": f"r{self.calls}.{identity}", "SentTimestamp": sent, "ApproximateReceiveCount": "0",
        })  # fmt: skip
        return f"m{identity}"

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return one of boto3's methods."""
        method = type(self).__dict__[f"on_{name}"]

        def call(**arguments: Any) -> Any:
            self.calls += 1
            self.called.append(name)
            self.seconds += 1
            if self.interrupted == (self.calls, "before"):
                raise KeyboardInterrupt
            answer = method(self, **arguments)
            if self.interrupted == (self.calls, "after"):
                raise KeyboardInterrupt
            return answer

        return call

    def on_get_queue_url(self, QueueName: str) -> Any:  # noqa: N803 - boto3's
        """GetQueueUrl."""
        return {"QueueUrl": QueueName}

    def on_get_queue_attributes(self, QueueUrl: str, AttributeNames: Sequence[str]) -> Any:  # noqa: N803 - boto3's
        """GetQueueAttributes."""
        held = sum(message["held"] for message in self.queues[QueueUrl])
        counts = (len(self.queues[QueueUrl]) - held, held)
        return {"Attributes": {name: str(count) for name, count in zip(AttributeNames, counts, strict=True)}}

    def on_receive_message(self, QueueUrl: str, MaxNumberOfMessages: int, **_: Any) -> Any:  # noqa: N803 - boto3's
        """ReceiveMessage."""
        for number in range(self.flood):
            self.put(QueueUrl, f"flood {number}")
        visible = [message for message in self.queues[QueueUrl] if not message["held"]]
        received = visible[-MaxNumberOfMessages:]  # the latest first: the worst order
        for message in received:
            message["held"] = True
            message["ApproximateReceiveCount"] = str(int(message["ApproximateReceiveCount"]) + 1)
        names = ("SentTimestamp", "ApproximateReceiveCount")
        found = [{**message, "Attributes": {name: message[name] for name in names}} for message in received]
        return {"Messages": found} if found else {}

    def on_send_message_batch(self, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803 - boto3's
        """SendMessageBatch."""
        self.sizes.append(sum(len(entry["MessageBody"].encode()) for entry in Entries))
        taken = [entry for entry in Entries if entry["MessageBody"] not in self.refused]
        for entry in taken:
            self.put(DEAD if self.poison else QueueUrl, entry["MessageBody"], entry["MessageAttributes"])
        failed = [{"Id": entry["Id"], "Code": "Odd", "Message": "no"} for entry in Entries if entry not in taken]
        return {"Successful": [{"Id": entry["Id"]} for entry in taken], "Failed": failed}

    def on_delete_message_batch(self, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803 - boto3's
        """DeleteMessageBatch, which leaves the first of a batch when it fails."""
        failed = Entries[: self.undeletable > 0]
        self.undeletable -= 1
        done = [entry for entry in Entries if entry not in failed]
        receipts = {entry["ReceiptHandle"] for entry in done}
        left = [message for message in self.queues[QueueUrl] if message["ReceiptHandle"] not in receipts]
        self.queues[QueueUrl] = left
        return {"Successful": [{"Id": entry["Id"]} for entry in done], "Failed": [{"Id": e["Id"]} for e in failed]}

    def on_change_message_visibility_batch(self, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803 - boto3's
        """ChangeMessageVisibilityBatch."""
        assert len(Entries) <= 10
        receipts = {entry["ReceiptHandle"]: entry["VisibilityTimeout"] > 0 for entry in Entries}
        for message in self.queues[QueueUrl]:
            message["held"] = receipts.get(message["ReceiptHandle"], message["held"])
        return {}


@pytest.fixture
def sqs() -> FakeSqs:
    """Return an empty SQS."""
    return FakeSqs()


@pytest.fixture
def letters(sqs: FakeSqs) -> DeadLetters:
    """Return its dead letters."""
    client: Any = sqs
    return DeadLetters(client, queue=QUEUE, dead_letters=DEAD, now=sqs.now)


def parked(error: str = "ValueError: no") -> dict[str, Any]:
    """Return the attributes of a message that a worker parked."""
    at = "2026-11-20T10:00:00+00:00"
    return {name: text(value) for name, value in zip(PARKED, (error, "on_jobs", "first", at), strict=True)}


def test_what_is_moved_is_as_it_was_sent(sqs: FakeSqs, letters: DeadLetters) -> None:
    """Body and its sender's attributes, but not those of its parking; an `error` of its sender's own stays."""
    own = {"trace": text("t"), "error": text("its own")}
    sqs.put(DEAD, "parked", {**parked(), "trace": text("t")})
    sqs.put(DEAD, "moved by SQS", own)
    told: list[int] = []
    assert letters.redrive(2, tell=told.append) == Redriven(moved=2, twice=0, refused=0, why="")
    found = {message["Body"]: message["MessageAttributes"] for message in sqs.queues[QUEUE]}
    assert found == {"parked": {"trace": text("t")}, "moved by SQS": own}
    assert (letters.count(), told) == (Waiting(0, 0), [2])
    assert "change_message_visibility_batch" not in sqs.called  # there is nothing to give back


@pytest.mark.parametrize("limit", [1, 10, 13, 25])
def test_no_more_are_moved_or_dropped_than_were_asked_for(sqs: FakeSqs, letters: DeadLetters, limit: int) -> None:
    """The others are there, and to be received."""
    for number in range(25):
        sqs.put(DEAD, str(number))
    assert letters.redrive(limit, tell=lambda _: None).moved == limit
    assert (len(sqs.queues[QUEUE]), letters.count()) == (limit, Waiting(25 - limit, 0))
    assert letters.drop(5, tell=lambda _: None) == min(5, 25 - limit)
    assert letters.count() == Waiting(max(20 - limit, 0), 0)


def test_what_is_refused_stays(sqs: FakeSqs, letters: DeadLetters) -> None:
    """With SQS's reason, and to be received at once; the others of its batch go."""
    for body in ("good", "bad", "better"):
        sqs.put(DEAD, body)
    sqs.refused = {"bad"}
    assert letters.redrive(3, tell=lambda _: None) == Redriven(moved=2, twice=0, refused=1, why="Odd: no")
    assert (sqs.bodies(DEAD), letters.count()) == (["bad"], Waiting(1, 0))


def test_what_is_not_deleted_is_tried_again(sqs: FakeSqs, letters: DeadLetters) -> None:
    """And if it can't be deleted at all, it goes twice, which is told."""
    sqs.put(DEAD, "a")
    sqs.undeletable = 1
    assert letters.redrive(1, tell=lambda _: None) == Redriven(moved=1, twice=0, refused=0, why="")
    sqs.put(DEAD, "b")
    sqs.undeletable = 99
    assert letters.redrive(1, tell=lambda _: None) == Redriven(moved=1, twice=1, refused=0, why="")
    assert (sqs.bodies(QUEUE), letters.count()) == (["a", "b"], Waiting(1, 0))


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 11))
def test_an_interrupt_at_any_call_loses_nothing(sqs: FakeSqs, letters: DeadLetters, number: int, moment: str) -> None:
    """What is left is there at once and another run moves it; at worst one batch has gone twice."""
    bodies = [str(number) for number in range(13)]
    for body in bodies:
        sqs.put(DEAD, body)
    sqs.interrupted = (number, moment)
    interrupted = False
    try:
        letters.redrive(13, tell=lambda _: None)
    except KeyboardInterrupt:
        interrupted = True
    assert interrupted is (sqs.calls >= number)
    assert set(sqs.bodies(QUEUE)) | set(sqs.bodies(DEAD)) == set(bodies)
    for message in sqs.queues[DEAD]:  # where the giving back was interrupted, SQS does it when the time is up
        message["held"] = False
    sqs.interrupted = None
    letters.redrive(13, tell=lambda _: None)
    assert (set(sqs.bodies(QUEUE)), sqs.bodies(DEAD)) == (set(bodies), [])
    assert len(sqs.bodies(QUEUE)) <= 13 + 10


def test_an_interrupt_gives_back_what_was_received(sqs: FakeSqs, letters: DeadLetters) -> None:
    """So that the next run need not wait; and deletes what was sent, so that it does not go twice."""
    sqs.put(DEAD, "a")
    sqs.interrupted = (4, "before")  # after GetQueueUrl twice and ReceiveMessage: SendMessageBatch
    with pytest.raises(KeyboardInterrupt):
        letters.redrive(1, tell=lambda _: None)
    assert (sqs.bodies(QUEUE), letters.count()) == ([], Waiting(1, 0))

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        letters.redrive(1, tell=interrupt)
    assert (sqs.bodies(QUEUE), letters.count()) == (["a"], Waiting(0, 0))


def test_poison_that_comes_back_is_moved_once(sqs: FakeSqs, letters: DeadLetters) -> None:
    """It ends, though there are always as many as before."""
    for number in range(25):
        sqs.put(DEAD, str(number))
    sqs.poison = True
    outcome = letters.redrive(25, tell=lambda _: None)
    assert outcome.moved <= 25
    assert letters.count() == Waiting(25, 0)
    assert set(sqs.bodies(DEAD)) == {str(number) for number in range(25)}


def test_a_flood_of_new_letters_ends_it(sqs: FakeSqs, letters: DeadLetters) -> None:
    """Nothing that arrived after the beginning is moved or dropped."""
    for number in range(15):
        sqs.put(DEAD, str(number))
    sqs.flood = 10
    letters.redrive(15, tell=lambda _: None)
    letters.drop(15, tell=lambda _: None)
    assert not any(body.startswith("flood") for body in sqs.bodies(QUEUE))
    assert len([body for body in sqs.bodies(DEAD) if body.startswith("flood")]) >= 20
    assert letters.count().in_flight == 0


def test_letters_are_shown_and_stay(sqs: FakeSqs, letters: DeadLetters) -> None:
    """Those that a worker parked with their error and first id, those that SQS moved with neither."""
    identity = sqs.put(DEAD, "{}")
    sqs.put(DEAD, '{"a": 1}', parked())
    at = "2026-11-20T10:00:00+00:00"
    assert letters.show(10) == [
        Letter(identity, None, None, "no error: moved by the queue's redrive policy", "{}"),
        Letter("first", at, "on_jobs", "ValueError: no", '{"a": 1}'),
    ]
    assert letters.count() == Waiting(2, 0)
    assert len(letters.show(1)) == 1


def test_a_letter_is_described_for_a_person() -> None:
    """JSON is indented, other bodies are as they are."""
    letter = Letter("first", "2026-11-20T10:00:00+00:00", "on_jobs", "ValueError: no", '{"a": 1}')
    assert letter.described().splitlines() == [
        "first, given up 2026-11-20T10:00:00+00:00 by on_jobs",
        "  ValueError: no",
        "  {",
        '    "a": 1',
        "  }",
    ]
    plain = Letter("m1", None, None, "no error", "not JSON").described()
    assert plain.splitlines() == ["m1", "  no error", "  not JSON"]


def test_large_letters_go_one_by_one(sqs: FakeSqs, letters: DeadLetters) -> None:
    """Together, they may be more than one call takes."""
    for size in (200_000, 100_000, 100_000, 900_000):
        sqs.put(DEAD, "x" * size)
    assert letters.redrive(4, tell=lambda _: None).moved == 4
    assert sorted(sqs.sizes) == [200_000, 200_000, 900_000]
