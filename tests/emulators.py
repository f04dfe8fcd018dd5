"""Emulators of AWS: moto in this process, ministack in its own."""

import copy
import json
import os
import random
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import FakeKey, s3_backends
from moto.sqs import models as sqs_models

from chalicelib.repositories import keys, objects, queue
from chalicelib.repositories.marshal import unmarshal
from chalicelib.repositories.table import Item
from chalicelib.settings import APP
from grail.localcloud import (
    moto_mends,
    moto_resources,  # noqa: F401 - moto finds what is imported
)
from grail.localcloud.moto_state import ACCOUNT
from grail.localcloud.services import REGION
from grail.stack import data

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient

_SQS: Any = sqs_models
"""moto's SQS, whose clock can be set."""
_SESSION = boto3.Session("testing", "testing", region_name=REGION)


@cache
def dynamodb(url: str | None = None) -> "DynamoDBClient":
    """Return a client: of an emulator at a URL, or of moto in this process. It retries nothing by itself."""
    return _SESSION.client("dynamodb", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))


@cache
def _cloudformation(url: str | None) -> "CloudFormationClient":
    return _SESSION.client("cloudformation", endpoint_url=url)


def create_table(url: str | None = None) -> str:
    """Create a table from the template that is deployed to AWS, and return its name."""
    stage = f"t{uuid.uuid4().hex[:12]}"
    template = json.dumps(data.template(app=APP, stage=stage, table=keys.TABLE))
    cloudformation = _cloudformation(url)
    cloudformation.create_stack(StackName=stage, TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stage, WaiterConfig={"Delay": 1})
    return data.table_name(APP, stage)


def create_stage() -> tuple[str, str]:
    """Create a stage's table, queues and bucket on moto in this process; return its name and the stream's ARN."""
    moto_mends.apply()
    setattr(FakeKey, "__del__", FakeKey.dispose)  # noqa: B010 - moto warns of each that is deleted
    stage = f"t{uuid.uuid4().hex[:12]}"
    template = data.template(app=APP, stage=stage, table=keys.TABLE, queues=queue.QUEUES, bucket=objects.BUCKET)
    _cloudformation(None).create_stack(StackName=stage, TemplateBody=json.dumps(template))
    versions: Any = {"Status": "Enabled"}  # of which moto's CloudFormation knows nothing
    client("s3").put_bucket_versioning(Bucket=data.bucket_name(APP, stage), VersioningConfiguration=versions)
    outputs = _cloudformation(None).describe_stacks(StackName=stage)["Stacks"][0]["Outputs"]
    return stage, next(each["OutputValue"] for each in outputs if each["OutputKey"] == "TableStreamArn")


def empty(stage: str) -> None:
    """Make a stage as it was when it was created, in a moment: moto alone can forget a stream's records."""
    found = _table(data.table_name(APP, stage))
    found.items.clear()
    found.stream_shard.items.clear()
    for name in queue.QUEUES:
        for each in (data.queue_name(APP, stage, name), data.dead_letters_name(APP, stage, name)):
            _queue(each)._messages.clear()
            _queue(each).pending_messages.clear()
    _bucket(data.bucket_name(APP, stage)).keys.clear()


def clear(table: str) -> None:
    """Take everything out of a table, its stream too."""
    found = _table(table)
    found.items.clear()
    if found.stream_shard is not None:
        found.stream_shard.items.clear()


def kept(table: str) -> Callable[[], None]:
    """Keep what is in a table now; return what puts it there again. Its stream does not tell of that."""
    items = _table(table).items
    before = copy.deepcopy(dict(items))

    def restore() -> None:
        items.update(copy.deepcopy(before))

    return restore


# What moto has in this process, without the thousand objects that its answers take


def items(table: str) -> list[Item]:
    """Return everything in a table."""
    return [unmarshal(item.to_json()["Attributes"]) for each in _table(table).items.values() for item in each.values()]


def changes(table: str) -> list[tuple[Item | None, Item | None]]:
    """Return every write of a table, by its stream: what was there before, and what was there then."""
    found = [each.record["dynamodb"] for each in _table(table).stream_shard.items]
    return [(_image(change, "OldImage"), _image(change, "NewImage")) for change in found]


def messages(queue_name: str) -> list[Any]:
    """Return all of a queue's messages, received or not."""
    return list(_queue(queue_name)._messages)


def files(bucket: str) -> dict[str, bytes]:
    """Return everything in a bucket; a further version of an object stands under a name of its own."""
    found = {}
    for name, versions in _bucket(bucket).keys.iterlists():
        for number, version in enumerate(version for version in versions if isinstance(version, FakeKey)):
            found[f"{name} version {number}" if number else name] = version.value
    return found


class Streams:
    """A client of the stream of a table, as far as an event source mapping uses it."""

    class exceptions:  # noqa: N801 - boto3's
        """The errors that it knows."""

        ResourceNotFoundException = KeyError

    def __init__(self, table: str) -> None:
        self._name = table

    def describe_stream(self, **_: Any) -> Any:
        """DescribeStream."""
        return {"StreamDescription": {"Shards": [{"ShardId": "one"}]}}

    def get_shard_iterator(self, *, SequenceNumber: str | None = None, **_: Any) -> Any:  # noqa: N803 - boto3's
        """GetShardIterator, whose answer is a position."""
        shard = _table(self._name).stream_shard
        first = shard.starting_sequence_number
        return {"ShardIterator": first if SequenceNumber is None else int(SequenceNumber) + 1}

    def get_records(self, *, ShardIterator: int, Limit: int) -> Any:  # noqa: N803 - boto3's
        """GetRecords."""
        return {"Records": _table(self._name).stream_shard.get(ShardIterator, Limit)}


def _image(change: dict[str, Any], name: str) -> Item | None:
    return unmarshal(change[name]) if name in change else None


def _table(name: str) -> Any:
    return dynamodb_backends[ACCOUNT][REGION].tables[name]


def _queue(name: str) -> Any:
    return _SQS.sqs_backends[ACCOUNT][REGION].queues[name]


def _bucket(name: str) -> Any:
    return s3_backends[ACCOUNT]["aws"].buckets[name]


@cache
def client(service: str, url: str | None = None) -> Any:
    """Return a client of a service: of an emulator at a URL, or of moto in this process."""
    config = Config(retries={"total_max_attempts": 1}, account_id_endpoint_mode="disabled")  # moto knows no other
    return _SESSION.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


@contextmanager
def on_clock(now: Callable[[], float]) -> Iterator[None]:
    """Let moto's SQS live by a clock (Unix seconds) while the block runs: nobody waits for a timeout or a delay."""
    kept = _SQS.unix_time, _SQS.unix_time_millis
    _SQS.unix_time, _SQS.unix_time_millis = now, lambda: now() * 1000
    try:
        yield
    finally:
        _SQS.unix_time, _SQS.unix_time_millis = kept


def free_port() -> int:
    """Return a port that nothing listens on now, and that the system gives to nobody who asks for any.

    So no connection and no other server gets it while a server starts there, or starts anew.
    """
    while True:
        port = random.randrange(10_000, 32_000)  # Linux gives those from 32768, others from 49152
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


_QUIET = {"IOT_MTLS_ENABLED": "0"}
"""Its IoT listener takes every address, whatever BIND_HOST says."""


@contextmanager
def ministack() -> Iterator[str]:
    """Run ministack while the block runs, and yield its URL."""
    port = free_port()
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "ministack")],
        env={"PATH": os.environ["PATH"], "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), **_QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 120
        while not _listens(port):
            assert process.poll() is None, "ministack ended at once"
            assert time.monotonic() < until, "ministack does not listen"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=120)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
