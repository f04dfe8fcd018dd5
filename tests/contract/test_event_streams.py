"""Streams to functions, on the embedded AWS; the mapping is driven step by step."""

import json
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Any

import pytest
from moto.dynamodb.models import DynamoDBBackend

from grail.localcloud.invocations import ExecutorLostError
from grail.localcloud.stream_mapping import StreamMapping
from grail.localcloud.wiring import StreamSource
from tests.event_sources import FAILED, Aws, Function, Table


def test_a_stream_is_delivered_in_order(aws: Aws, function: Function) -> None:
    """In batches, each record once, from the oldest on."""
    table = Table(aws, function)
    assert not table.mapping.has_work()
    assert not table.mapping.step()
    table.put("a", "b", "c", "d", "e")
    assert table.all_keys() == [["a", "b"], ["c", "d"], ["e"]]
    assert not table.mapping.step()
    table.put("f")
    assert table.all_keys() == [["f"]]


def test_the_event_of_a_stream(aws: Aws, function: Function) -> None:
    """As AWS documents it: an insert, a change, a removal."""
    table = Table(aws, function, batch_size=10)
    table.put("a", raw={"B": b"\0\1"}, many={"L": [{"BS": [b"\2"]}]})
    table.put("a", n={"N": "1"})
    table.dynamodb.delete_item(TableName=table.name, Key={"pk": {"S": "a"}})
    table.mapping.step()
    records = function.records()
    assert json.loads(json.dumps(records)) == records
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "REMOVE"]
    first, new, old = {"pk": {"S": "a"}}, {"pk": {"S": "a"}, "n": {"N": "1"}}, records[0]["dynamodb"]["NewImage"]
    assert old == {**first, "raw": {"B": "AAE="}, "many": {"L": [{"BS": ["Ag=="]}]}}
    assert "OldImage" not in records[0]["dynamodb"]
    assert (records[1]["dynamodb"]["OldImage"], records[1]["dynamodb"]["NewImage"]) == (old, new)
    assert (records[2]["dynamodb"]["OldImage"], "NewImage" in records[2]["dynamodb"]) == (new, False)
    record = records[1]
    assert record.pop("eventID")
    changed = record.pop("dynamodb")
    assert record == {
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1",
        "eventSourceARN": table.stream,
    }
    assert set(changed) == {
        "ApproximateCreationDateTime",
        "Keys",
        "NewImage",
        "OldImage",
        "SequenceNumber",
        "SizeBytes",
        "StreamViewType",
    }
    assert isinstance(changed["ApproximateCreationDateTime"], float)
    assert (changed["Keys"], changed["StreamViewType"]) == (first, "NEW_AND_OLD_IMAGES")


def test_a_batch_that_fails_holds_up_the_stream(aws: Aws, function: Function) -> None:
    """It comes again, the same, after pauses that grow, until it succeeds."""
    table = Table(aws, function)
    table.put("a", "b", "c")
    function.error = FAILED
    calls = []
    for _ in range(240):
        if table.mapping.has_work():
            table.mapping.step()
            calls.append(function.now)
            assert table.keys() == ["a", "b"]
        assert not table.mapping.step()
        function.now += 0.25
    pauses = [later - earlier for earlier, later in pairwise(calls)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0]
    function.error = None
    table.mapping.hurry()
    assert table.all_keys() == [["a", "b"], ["c"]]


def test_a_batch_is_tried_again_as_it_was(aws: Aws, function: Function) -> None:
    """Without what has come since."""
    table = Table(aws, function)
    table.put("a")
    function.error = FAILED
    assert not table.mapping.step()
    table.put("b")
    function.error = None
    table.mapping.hurry()
    assert table.all_keys() == [["a"], ["b"]]


def test_a_batch_whose_executor_is_lost_comes_at_once(aws: Aws, function: Function) -> None:
    """The next executor gets it without a pause."""
    table = Table(aws, function)
    table.put("a")
    function.error = ExecutorLostError()
    assert not table.mapping.step()
    assert table.mapping.has_work()


def test_trim_horizon_begins_with_the_oldest(aws: Aws, function: Function) -> None:
    """What was written before there was a mapping is delivered too."""
    table = Table(aws, function)
    table.put("a")
    table.mapping = table.mapped()
    assert table.all_keys() == [["a"]]


def test_latest_begins_with_the_mapping(aws: Aws, function: Function) -> None:
    """What was written before it is not delivered, what is written before its first step is."""
    table = Table(aws, function, position="LATEST")
    table.put("a", "b")
    assert table.all_keys() == [["a", "b"]]
    table.mapping = table.mapped()
    table.put("c")
    assert table.all_keys() == [["c"]]


def fail_to_put(table: Table, key: str) -> None:
    """Put an item in a transaction that fails after it."""
    missing = {"Key": {"pk": {"S": "none"}}, "ConditionExpression": "attribute_exists(pk)"}
    puts = [
        {"Put": {"TableName": table.name, "Item": {"pk": {"S": key}}}},
        {"ConditionCheck": {"TableName": table.name, **missing}},
    ]
    with pytest.raises(table.dynamodb.exceptions.TransactionCanceledException):
        table.dynamodb.transact_write_items(TransactItems=puts)


def test_a_transaction_that_rolls_back_leaves_no_record(aws: Aws, function: Function) -> None:
    """And what is written after it is delivered, though moto has put another table in its place."""
    table = Table(aws, function)
    table.put("a")
    assert table.all_keys() == [["a"]]
    fail_to_put(table, "undone")
    assert table.all_keys() == []
    table.put("b")
    assert table.all_keys() == [["b"]]


def test_a_transaction_shows_nothing_before_its_end(
    aws: Aws, function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that comes in between waits for it, and finds nothing of what was undone."""
    table = Table(aws, function)
    get_item, steps = DynamoDBBackend.get_item, []

    def look(backend: Any, name: str, key: Any, *more: Any) -> Any:
        if key == {"pk": {"S": "none"}}:
            steps.append(threads.submit(table.mapping.step))
            wait(steps, timeout=0.5)  # it can't be done before the transaction is
        return get_item(backend, name, key, *more)

    monkeypatch.setattr(DynamoDBBackend, "get_item", look)
    with ThreadPoolExecutor(1) as threads:
        fail_to_put(table, "undone")
    assert [step.result() for step in steps] == [False]
    assert function.events == []


def test_a_stream_that_does_not_exist_has_no_work(aws: Aws, function: Function) -> None:
    """Nor has one that is no ARN."""
    for stream in ("arn:aws:dynamodb:us-east-1:123456789012:table/none/stream/1", ""):
        source = StreamSource(function="f", stream=stream)
        assert not StreamMapping(source, streams=aws.client("dynamodbstreams"), invoke=function).has_work()
