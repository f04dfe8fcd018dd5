"""Queues to functions, on the embedded AWS; the mapping is driven step by step."""

import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto.sqs.models import sqs_backends

from grail.localcloud import moto_state
from tests.event_sources import FAILED, Aws, Function, Jobs
from tests.system.conftest import eventually

LONG = 120


def test_a_batch_is_deleted_when_the_function_returns(aws: Aws, function: Function) -> None:
    """Whatever it returns; then there is nothing to do."""
    jobs = Jobs(aws, function, visibility=30)
    assert not jobs.mapping.has_work()
    assert not jobs.mapping.step()
    jobs.send("a", "b")
    assert jobs.mapping.has_work()
    assert jobs.mapping.step()
    assert (jobs.bodies(), jobs.count()) == (["a", "b"], (0, 0))
    assert not jobs.mapping.has_work()


def test_the_event_of_a_queue(aws: Aws, function: Function) -> None:
    """As AWS documents it."""
    jobs = Jobs(aws, function, visibility=30)
    attributes = {
        "kind": {"DataType": "String", "StringValue": "x"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\0\1"},
    }
    jobs.send("a", MessageAttributes=attributes)
    jobs.mapping.step()
    (record,) = function.records()
    assert json.loads(json.dumps(record)) == record
    assert record.pop("messageId")
    assert record.pop("receiptHandle")
    assert record.pop("md5OfMessageAttributes")
    got = record.pop("attributes")
    assert set(got) == {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert (got["ApproximateReceiveCount"], len(got["SentTimestamp"])) == ("1", 13)
    empty: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    assert record == {
        "body": "a",
        "messageAttributes": {
            "kind": {"stringValue": "x", "dataType": "String", **empty},
            "raw": {"binaryValue": "AAE=", "dataType": "Binary", **empty},
        },
        "md5OfBody": "0cc175b9c0f1b6a831c399e269772661",
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{jobs.name}",
        "awsRegion": "us-east-1",
    }


def test_a_failed_batch_stays_away_for_the_visibility_timeout(aws: Aws, function: Function) -> None:
    """Nothing of it is deleted, and nothing is delivered before."""
    jobs = Jobs(aws, function, visibility=30)
    jobs.send("a", "b")
    function.error = FAILED
    jobs.mapping.step()
    assert jobs.count() == (0, 2)
    assert not jobs.mapping.has_work()
    assert not jobs.mapping.step()


def test_a_message_that_fails_ends_as_a_dead_letter(aws: Aws, function: Function) -> None:
    """It comes again after the visibility timeout (here none), until it was received as often as the queue allows."""
    jobs = Jobs(aws, function, visibility=0)
    jobs.send("bad")
    function.error = FAILED
    while jobs.mapping.has_work():
        jobs.mapping.step()
    counts = [event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in function.events]
    assert counts == ["1", "2"]
    assert (jobs.count(), jobs.count(jobs.dead)) == ((0, 0), (1, 0))


@pytest.mark.parametrize("reports", [True, False])
@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (lambda ids: {"batchItemFailures": [{"itemIdentifier": ids[1]}]}, 1),
        (lambda _: {"batchItemFailures": []}, 0),
        (lambda _: {"batchItemFailures": None}, 0),
        (lambda _: {}, 0),
        (lambda _: None, 0),
        (lambda _: {"batchItemFailures": [{"itemIdentifier": "unknown"}]}, 3),
        (lambda _: {"batchItemFailures": [{"itemIdentifier": ""}]}, 3),
        (lambda _: {"batchItemFailures": [{"identifier": "x"}]}, 3),
        (lambda _: "text", 3),
    ],
)
def test_reported_failures(aws: Aws, function: Function, answer: Any, left: int, *, reports: bool) -> None:
    """Stay, and a report that can't be read keeps all; a mapping that takes no reports deletes all."""
    jobs = Jobs(aws, function, visibility=30)
    jobs.send("a", "b", "c")
    mapping = jobs.mapped(reports_failures=reports)

    def invoke(_: str, event: Mapping[str, Any]) -> Any:
        return answer([record["messageId"] for record in event["Records"]])

    mapping._invoke = invoke
    mapping.step()
    assert jobs.count() == (0, left if reports else 0)


def test_a_batch_has_no_more_than_its_size(aws: Aws, function: Function) -> None:
    """The rest is the next one's; one above 10 takes several requests."""
    jobs = Jobs(aws, function, visibility=30)
    jobs.send(*(str(number) for number in range(25)))
    mapping = jobs.mapped(batch_size=21)
    mapping.step()
    assert len(jobs.bodies()) == 21
    mapping.step()
    assert len(jobs.bodies()) == 4
    assert jobs.count() == (0, 0)


def test_a_window_gathers_what_comes_later(aws: Aws, function: Function) -> None:
    """Until it is over or the batch is full; an empty queue is not waited for."""
    jobs = Jobs(aws, function, visibility=30, window=1, batch_size=3)
    assert not jobs.mapping.step()
    assert jobs.pauses == []
    jobs.late[:] = ["b"]
    jobs.send("a")
    jobs.mapping.step()
    assert (jobs.bodies(), function.now >= 1) == (["a", "b"], True)
    jobs.pauses.clear()
    jobs.late[:] = ["b", "c", "d"]
    jobs.send("a")
    jobs.mapping.step()
    assert (jobs.bodies(), len(jobs.pauses)) == (["a", "b", "c"], 2)


def test_a_queue_that_does_not_exist_has_no_work(aws: Aws, function: Function) -> None:
    """And a step does nothing."""
    mapping = Jobs(aws, function, visibility=30).mapped(queue="none")
    assert not mapping.has_work()
    assert not mapping.step()


def test_two_at_once_share_a_queue(aws: Aws, function: Function) -> None:
    """Each message is received once, and none is lost."""
    jobs = Jobs(aws, function, visibility=30, batch_size=1)
    with ThreadPoolExecutor(6) as threads:
        sent = [threads.submit(jobs.send, str(number)) for number in range(80)]
        while not all(each.done() for each in sent) or jobs.mapping.has_work():
            for each in [threads.submit(jobs.mapping.step) for _ in range(2)]:
                each.result()
    got = sorted(int(event["Records"][0]["body"]) for event in function.events)
    assert got == list(range(80))


def test_a_queue_holds_between_threads(aws: Aws, function: Function) -> None:
    """What is sent while something is deleted is not lost, and no message is given to two that ask at once."""
    jobs, usual = Jobs(aws, function, visibility=30), sys.getswitchinterval()
    sqs: Any = sqs_backends[moto_state.ACCOUNT]["us-east-1"]
    got: list[str] = []
    until = time.monotonic() + LONG
    for number in range(200):  # what is long to copy is long in danger
        sqs.send_message(jobs.name, str(number))

    def consume() -> None:
        while len(got) < 400 and time.monotonic() < until:
            for message in sqs.receive_message(jobs.name, 10, 0, 30):
                got.append(message.body)
                sqs.delete_message(jobs.name, message.receipt_handle)

    sys.setswitchinterval(1e-6)  # so that threads meet in each other's way
    try:
        with ThreadPoolExecutor(6) as threads:
            consumers = [threads.submit(consume) for _ in range(3)]
            for number in range(200, 400):
                sqs.send_message(jobs.name, str(number))
            for each in consumers:
                each.result(LONG)
    finally:
        sys.setswitchinterval(usual)
    assert sorted(got, key=int) == [str(number) for number in range(400)]


def test_who_waits_for_messages_keeps_nobody_from_sending(aws: Aws, function: Function) -> None:
    """A client's own long poll gets what is sent meanwhile."""
    jobs = Jobs(aws, function, visibility=30)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(aws.client("sqs").receive_message, QueueUrl=jobs.url, WaitTimeSeconds=20)
        lock = sqs_backends[moto_state.ACCOUNT]["us-east-1"].queues[jobs.name]._messages_lock
        eventually("it waits", lambda: lock._waiters)  # type: ignore[attr-defined]
        jobs.send("a")
        assert [message["Body"] for message in waiting.result(LONG)["Messages"]] == ["a"]
