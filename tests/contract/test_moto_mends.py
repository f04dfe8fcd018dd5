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
