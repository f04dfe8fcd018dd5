"""Dead letters of the queues of the template, on moto's SQS."""

import json
import uuid
from typing import TYPE_CHECKING

import boto3
import pytest

from grail.dead_letters import DeadLetters, Redriven, Waiting
from grail.localcloud.services import REGION
from grail.stack import data

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef

RECEIVES = 3
NOTES = {"error": "ValueError: no", "function": "on_events", "message_id": "first", "parked_at": "2026-11-20T10:00:00Z"}


@pytest.fixture
def stage(moto_url: str) -> str:
    """Create a stage's queues from the template."""
    stage = f"t{uuid.uuid4().hex[:12]}"
    queues = {"events": {"receives": RECEIVES, "visibility_seconds": 180}}
    template = data.template(app="shop", stage=stage, table=None, queues=queues)
    session = boto3.Session("testing", "testing", region_name=REGION)
    session.client("cloudformation", endpoint_url=moto_url).create_stack(
        StackName=stage, TemplateBody=json.dumps(template)
    )
    return stage


@pytest.fixture
def sqs(moto_url: str) -> "SQSClient":
    """Return a client."""
    return boto3.Session("testing", "testing", region_name=REGION).client("sqs", endpoint_url=moto_url)


@pytest.fixture
def letters(sqs: "SQSClient", stage: str) -> DeadLetters:
    """Return the dead letters."""
    dead_letters = data.dead_letters_name("shop", stage, "events")
    return DeadLetters(sqs, queue=data.queue_name("shop", stage, "events"), dead_letters=dead_letters)


def url(sqs: "SQSClient", name: str) -> str:
    """Return a queue's URL."""
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]


def test_a_message_that_is_received_too_often_is_a_dead_letter(
    sqs: "SQSClient", stage: str, letters: DeadLetters
) -> None:
    """The template's redrive policy moves it, and says nothing of why; moved back, it may be tried as often again."""
    queue = url(sqs, data.queue_name("shop", stage, "events"))
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(RECEIVES + 1):
        sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)
    [letter] = letters.show(10)
    assert (letter.body, letter.error) == ("poison", "no error: moved by the queue's redrive policy")
    assert letters.redrive(1, tell=lambda _: None) == Redriven(moved=1, twice=0, refused=0, why="")
    for _ in range(RECEIVES):
        assert sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"][0]["Body"] == "poison"


def test_attributes_go_back_but_those_of_parking(sqs: "SQSClient", stage: str, letters: DeadLetters) -> None:
    """As text, as numbers and as bytes."""
    own: dict[str, MessageAttributeValueTypeDef] = {
        "trace": {"DataType": "String", "StringValue": "t"},
        "size": {"DataType": "Number", "StringValue": "3"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    notes: dict[str, MessageAttributeValueTypeDef] = {
        name: {"DataType": "String", "StringValue": text} for name, text in NOTES.items()
    }
    dead = url(sqs, data.dead_letters_name("shop", stage, "events"))
    sqs.send_message(QueueUrl=dead, MessageBody="{}", MessageAttributes={**own, **notes})
    [letter] = letters.show(10)
    assert (letter.id, letter.error, letter.function) == ("first", "ValueError: no", "on_events")
    assert letters.count() == Waiting(1, 0)
    letters.redrive(1, tell=lambda _: None)
    queue = url(sqs, data.queue_name("shop", stage, "events"))
    [message] = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"] == own


def test_many_are_dropped(sqs: "SQSClient", stage: str, letters: DeadLetters) -> None:
    """In batches, and no more than asked for."""
    dead = url(sqs, data.dead_letters_name("shop", stage, "events"))
    for _ in range(3):
        entries = [{"Id": str(number), "MessageBody": "x"} for number in range(10)]
        sqs.send_message_batch(QueueUrl=dead, Entries=entries)  # type: ignore[arg-type]
    assert letters.drop(24, tell=lambda _: None) == 24
    assert letters.count() == Waiting(6, 0)
