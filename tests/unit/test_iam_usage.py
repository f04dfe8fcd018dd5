"""What calls show, whatever the stage and whatever the app makes up."""

import json
from pathlib import Path
from typing import Any

import pytest

from grail.errors import GrailError
from grail.iam import usage
from grail.iam.dynamodb import LEADING_KEYS
from grail.iam.needs import Need
from grail.iam.recorder import Call
from grail.iam.requests import Request

TABLE = {"key": ("pk", "sk"), "indexes": {}}


def call(function: str, service: str, operation: str, **parameters: Any) -> Call:
    """Return a call."""
    return Call(function, Request(service, operation, parameters))


def get(function: str, key: str) -> Call:
    """Return a call that gets an item."""
    return call(function, "dynamodb", "GetItem", TableName="shop-dev", Key={"pk": {"S": key}})


def of(*calls: Call, stage: str = "dev") -> dict[str, Any]:
    """Return what the file has of calls; the policy of `gate` asks for the partition keys."""
    asked = {"gate": {LEADING_KEYS}}
    found = usage.of(calls, stage=stage, table=TABLE, asked=lambda function: asked.get(function, ()))
    document: dict[str, Any] = json.loads(usage.text(found))
    return document


def test_it_is_the_same_for_every_stage() -> None:
    """The stage's name stands for itself only where it is a word."""
    assert of(call("f", "sqs", "GetQueueUrl", QueueName="predev-dev-devices")) == {
        "f": {"sqs:GetQueueUrl": {"arn:aws:sqs:*:*:predev-{stage}-devices": {}}}
    }


@pytest.mark.parametrize(
    ("key", "kept"), [("reports/2026/one.txt", "reports/*"), ("reports/", "reports/*"), ("index.html", "index.html")]
)
def test_an_objects_key_is_kept_to_its_first_part(key: str, kept: str) -> None:
    """The rest is made up by the app."""
    found = of(call("f", "s3", "PutObject", Bucket="shop-dev-files", Key=key))
    assert found == {"f": {"s3:PutObject": {f"arn:aws:s3:::shop-{{stage}}-files/{kept}": {}}}}


def test_partition_keys_are_kept_where_the_policy_asks_for_them() -> None:
    """To their first `#`; elsewhere they would only be noise."""
    resource = "arn:aws:dynamodb:*:*:table/shop-{stage}"
    assert of(get("f", "TOKEN#1"), get("gate", "TOKEN#1"), get("gate", "TOKEN#2#3"), get("gate", "ROLES")) == {
        "f": {"dynamodb:GetItem": {resource: {}}},
        "gate": {"dynamodb:GetItem": {resource: {LEADING_KEYS: ["ROLES", "TOKEN#*"]}}},
    }


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    """And has the stage's name where it belongs."""
    found = usage.of([get("gate", "A#1"), get("gate", "B")], stage="dev", table=TABLE, asked=lambda _: {LEADING_KEYS})
    (tmp_path / ".chalice").mkdir()
    (tmp_path / usage.FILE).write_text(usage.text(found))
    assert usage.read(tmp_path) == found
    keys = frozenset({(LEADING_KEYS, "A#*"), (LEADING_KEYS, "B")})
    resource = "arn:aws:dynamodb:*:*:table/shop-prod"
    assert usage.in_stage(found, "prod") == {"gate": [Need("dynamodb:GetItem", resource, keys)]}


def test_without_a_file_it_is_said_where_it_comes_from(tmp_path: Path) -> None:
    """In one line."""
    with pytest.raises(GrailError, match=r"no \.chalice/usage\.json"):
        usage.read(tmp_path)
