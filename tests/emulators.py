"""Emulators of DynamoDB: moto in this process, ministack in its own."""

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from chalicelib.repositories import keys
from grail.localcloud.services import REGION
from grail.stack import data

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient

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
    template = json.dumps(data.template(app="grail", stage=stage, table=keys.TABLE))
    cloudformation = _cloudformation(url)
    cloudformation.create_stack(StackName=stage, TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stage, WaiterConfig={"Delay": 1})
    return data.table_name("grail", stage)


_QUIET = {"IOT_MTLS_ENABLED": "0"}
"""Its IoT listener takes every address, whatever BIND_HOST says."""


@contextmanager
def ministack() -> Iterator[str]:
    """Run ministack while the block runs, and yield its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "ministack")],
        env={"PATH": os.environ["PATH"], "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), **_QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + 60
        while not _listens(port):
            assert process.poll() is None, "ministack ended at once"
            assert time.monotonic() < until, "ministack does not listen"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
