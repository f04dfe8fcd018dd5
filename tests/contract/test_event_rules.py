"""The default bus of the embedded AWS, to functions."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto.events.models import Rule

from grail.localcloud import event_bus
from tests.event_sources import Aws, Function, Jobs


class Bus:
    """The default bus, and what it gives to functions."""

    def __init__(self, aws: Aws) -> None:
        self.events = aws.client("events")
        self.got: list[tuple[str, Mapping[str, Any]]] = []
        self.rules: list[str] = []
        event_bus.deliver_to(lambda *event: self.got.append(event))

    def rule(self, name: str, pattern: Mapping[str, Any], **more: Any) -> str:
        """Make a rule for a function of a name; return the rule's name."""
        rule = f"{name}-{uuid.uuid4().hex}"
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        self.events.put_rule(Name=rule, EventPattern=json.dumps(pattern), **more)
        self.events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])
        self.rules.append(rule)
        return rule

    def put(self, source: str, **detail: Any) -> None:
        """Put an event."""
        entry = {"Source": source, "DetailType": "t", "Detail": json.dumps(detail)}
        assert self.events.put_events(Entries=[entry])["FailedEntryCount"] == 0


@pytest.fixture
def bus(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bus]:
    """Return the bus, and take its rules away again."""
    monkeypatch.setattr(Rule, "send_to_targets", Rule.send_to_targets)
    bus = Bus(aws)
    yield bus
    for rule in bus.rules:
        bus.events.remove_targets(Rule=rule, Ids=["1"])
        bus.events.delete_rule(Name=rule)


def test_an_event_reaches_the_functions_of_the_rules_that_match(bus: Bus) -> None:
    """And no other, nor one whose rule is off; with AWS's time."""
    bus.rule("one", {"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}})
    bus.rule("two", {"source": [{"prefix": "sh"}]})
    bus.rule("off", {"source": ["shop"]}, State="DISABLED")
    bus.put("shop", total=5)
    bus.put("shop", total=11)
    bus.put("other", total=11)
    assert [(name, event["detail"]["total"]) for name, event in bus.got] == [("two", 5), ("one", 11), ("two", 11)]
    event = dict(bus.got[0][1])
    assert event.pop("id")
    assert len(event.pop("time")) == len("2026-11-21T10:00:00Z")
    assert event == {
        "version": "0",
        "detail-type": "t",
        "source": "shop",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": [],
        "detail": {"total": 5},
    }


def test_a_rule_may_have_a_queue_too(aws: Aws, bus: Bus, function: Function) -> None:
    """It gets the event as before."""
    jobs = Jobs(aws, function, visibility=30)
    rule = bus.rule("one", {"source": ["shop"]})
    arn = f"arn:aws:sqs:us-east-1:123456789012:{jobs.name}"
    bus.events.put_targets(Rule=rule, Targets=[{"Id": "2", "Arn": arn}])
    bus.put("shop", total=5)
    jobs.mapping.step()
    bus.events.remove_targets(Rule=rule, Ids=["2"])
    assert json.loads(jobs.bodies()[0])["detail"] == {"total": 5}
    assert [name for name, _ in bus.got] == ["one"]


def test_an_object_in_a_bucket_reaches_a_function(aws: Aws, bus: Bus) -> None:
    """With AWS's event, each with an id and a sequencer that grows."""
    s3, bucket = aws.client("s3"), f"bucket-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}})
    named = {"bucket": {"name": [bucket]}}
    bus.rule("stored", {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": named})
    bus.rule("removed", {"source": ["aws.s3"], "detail-type": ["Object Deleted"], "detail": named})
    s3.put_object(Bucket=bucket, Key="a b", Body=b"text")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "a b"})
    s3.delete_object(Bucket=bucket, Key="copy")
    assert [name for name, _ in bus.got] == ["stored", "stored", "removed"]
    put, copied, removed = (dict(event) for _, event in bus.got)
    reasons = [event["detail"]["reason"] for event in (put, copied, removed)]
    assert reasons == ["PutObject", "CopyObject", "DeleteObject"]
    assert put["id"] != copied["id"]
    assert put["detail"]["object"]["sequencer"] < copied["detail"]["object"]["sequencer"]
    assert removed["detail"]["deletion-type"] == "Permanently Deleted"
    assert set(removed["detail"]["object"]) == {"key", "sequencer"}
    assert (put["source"], put["resources"]) == ("aws.s3", [f"arn:aws:s3:::{bucket}"])
    assert put["time"].endswith("Z")
    found = put["detail"]["object"]
    assert (found["key"], found["size"], found["etag"]) == ("a b", 4, "1cb251ec0d568de6a929b520c4aed8d1")
    assert "version-id" not in found
