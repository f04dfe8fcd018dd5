"""What a long-running moto must not do."""

import gc
import time
from typing import Any

import boto3
import pytest
from moto.dynamodb.models.table import Table
from moto.sqs import models

from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import Put
from grail.localcloud import moto_mends
from grail.localcloud.services import REGION
from tests import emulators

_SQS: Any = models


def test_transactions_leave_no_copies_of_the_table(moto_url: str) -> None:
    """Stock moto keeps two whole tables, with their streams, for each of these transactions."""
    table = DynamoTable(emulators.create_table(moto_url), client=emulators.dynamodb(moto_url))
    name = table._name
    for number in range(20):
        keys = [Key(f"{kind}#{number}", "X") for kind in "AB"]
        table.transact([Put({"pk": key.pk, "sk": key.sk, "version": 1}) for key in keys])
    gc.collect()
    assert sum(isinstance(found, Table) and found.name == name for found in gc.get_objects()) == 1


def test_a_long_queue_is_not_counted_for_each_message(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock moto reads the clock six times for each message there is, for each that is received."""
    sqs = boto3.Session("testing", "testing", region_name=REGION).client("sqs", endpoint_url=moto_url)
    url = sqs.create_queue(QueueName="long")["QueueUrl"]
    for _ in range(20):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)  # type: ignore[arg-type]
    reads = 0

    def clock() -> float:
        nonlocal reads
        reads += 1
        return time.time() * 1000

    monkeypatch.setattr(_SQS, "unix_time_millis", clock)
    assert len(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]) == 10
    assert 200 <= reads < 5 * 200


def test_a_transaction_that_fails_takes_back_all_that_it_did(moto_url: str) -> None:
    """What it has put, changed and deleted before the write that fails; the stream tells of none of it."""
    client = emulators.dynamodb(moto_url)
    name = emulators.create_table(moto_url)
    key = {letter: {"pk": {"S": letter}, "sk": {"S": "X"}} for letter in "abcd"}
    for letter in "abc":
        client.put_item(TableName=name, Item={**key[letter], "n": {"N": "1"}})
    before = client.scan(TableName=name)["Items"]
    told = len(emulators.changes(name))
    add: Any = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    actions: Any = [
        {"Put": {"TableName": name, "Item": {**key["d"], "n": {"N": "1"}}}},
        {"Update": {"TableName": name, "Key": key["a"], **add}},
        {"Delete": {"TableName": name, "Key": key["b"]}},
        {"ConditionCheck": {"TableName": name, "Key": key["c"], "ConditionExpression": "attribute_exists(x)"}},
    ]
    with pytest.raises(client.exceptions.TransactionCanceledException):
        client.transact_write_items(TransactItems=actions)
    assert client.scan(TableName=name)["Items"] == before
    assert len(emulators.changes(name)) == told


def test_a_transaction_copies_nothing_but_what_it_writes(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock moto copies the table once for each of its writes."""
    client = emulators.dynamodb(moto_url)
    name = emulators.create_table(moto_url)
    for number in range(30):
        client.put_item(TableName=name, Item={"pk": {"S": f"{number}"}, "sk": {"S": "X"}})
    copied: list[Any] = []
    copy_item = moto_mends._copy_item

    def copy(item: Any) -> Any:
        copied.append(item)
        return copy_item(item)

    monkeypatch.setattr(moto_mends, "_copy_item", copy)
    items = [{"pk": {"S": f"{number}"}, "sk": {"S": "X"}, "n": {"N": "1"}} for number in range(2)]
    client.transact_write_items(TransactItems=[{"Put": {"TableName": name, "Item": item}} for item in items])
    assert len(copied) == 2


def test_an_item_comes_back_as_it_was_put(moto_url: str) -> None:
    """A value of each type, within others too; bytes among them, which are encoded on the way."""
    client = emulators.dynamodb(moto_url)
    name = emulators.create_table(moto_url)
    values: dict[str, Any] = {
        "s": {"S": "é"}, "n": {"N": "1.5"}, "yes": {"BOOL": True}, "no": {"BOOL": False}, "null": {"NULL": True},
        "ss": {"SS": ["a", "b"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": [b"\x00", b"\xff"]}, "b": {"B": b"\x00\xff"},
        "empty": {"M": {}}, "none": {"L": []},
    }  # fmt: skip
    item = {"pk": {"S": "a"}, "sk": {"S": "b"}, **values, "m": {"M": values}, "l": {"L": [*values.values()]}}
    client.put_item(TableName=name, Item=item)
    assert client.get_item(TableName=name, Key={"pk": item["pk"], "sk": item["sk"]})["Item"] == item
    assert client.scan(TableName=name)["Items"] == [item]
