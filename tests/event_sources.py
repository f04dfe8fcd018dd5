"""Queues, streams and a function on the embedded AWS, for mappings that a test drives step by step."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config

from grail.localcloud.invocations import FunctionError
from grail.localcloud.queue_mapping import QueueMapping
from grail.localcloud.stream_mapping import StreamMapping
from grail.localcloud.wiring import QueueSource, StreamSource

FAILED = FunctionError({"errorType": "ValueError", "errorMessage": "no"})


class Function:
    """A function: the events that it got, and what it does next. Its clock moves on with each pause."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.answer: Any = None
        self.error: FunctionError | None = None
        self.now = 0.0

    def __call__(self, name: str, event: Mapping[str, Any]) -> Any:
        """Run."""
        assert name == "f"
        self.events.append(event)
        if self.error is not None:
            raise self.error
        return self.answer

    def records(self) -> list[Any]:
        """Return the records of the last event."""
        records: list[Any] = self.events[-1]["Records"]
        return records


class Aws:
    """The embedded AWS."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self, service: str) -> Any:
        """Return a client."""
        config = Config(retries={"total_max_attempts": 1})
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.url, config=config, **keys)  # type: ignore[call-overload]


class Jobs:
    """A queue with dead letters, and its mapping."""

    def __init__(self, aws: Aws, function: Function, *, visibility: int, window: int = 0, batch_size: int = 10) -> None:
        self.sqs = aws.client("sqs")
        self.name = f"jobs-{uuid.uuid4().hex}"
        self.dead = self.sqs.create_queue(QueueName=f"{self.name}-dlq")["QueueUrl"]
        redrive = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:123456789012:{self.name}-dlq", "maxReceiveCount": 2}
        attributes = {"VisibilityTimeout": str(visibility), "RedrivePolicy": json.dumps(redrive)}
        self.url = self.sqs.create_queue(QueueName=self.name, Attributes=attributes)["QueueUrl"]
        self.function = function
        self.pauses: list[float] = []
        self.late: list[str] = []
        self.source = QueueSource(function="f", queue=self.name, batch_size=batch_size, window=window)
        self.mapping = self.mapped()

    def mapped(self, **changed: Any) -> QueueMapping:
        """Return a mapping, with changes."""
        source = QueueSource(**{**vars(self.source), **changed})
        return QueueMapping(
            source, sqs=self.sqs, invoke=self.function, now=lambda: self.function.now, pause=self._pause
        )

    def _pause(self, seconds: float) -> None:
        self.function.now += seconds
        self.pauses.append(seconds)
        if self.late:
            self.send(self.late.pop(0))

    def send(self, *bodies: str, **more: Any) -> None:
        """Send messages."""
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def count(self, url: str | None = None) -> tuple[int, int]:
        """Return how many messages are visible and in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url or self.url, AttributeNames=names)["Attributes"]
        return int(found[names[0]]), int(found[names[1]])

    def bodies(self) -> list[str]:
        """Return the bodies that the function got last."""
        return [record["body"] for record in self.function.records()]


class Table:
    """A table with a stream, and its mapping."""

    def __init__(self, aws: Aws, function: Function, *, position: str = "TRIM_HORIZON", batch_size: int = 2) -> None:
        self.aws, self.function = aws, function
        self.dynamodb = aws.client("dynamodb")
        self.name = f"table-{uuid.uuid4().hex}"
        made = self.dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        self.stream = made["TableDescription"]["LatestStreamArn"]
        self.source = StreamSource(function="f", stream=self.stream, batch_size=batch_size, position=position)
        self.mapping = self.mapped()

    def mapped(self) -> StreamMapping:
        """Return a mapping that begins now."""
        streams = self.aws.client("dynamodbstreams")
        return StreamMapping(self.source, streams=streams, invoke=self.function, now=lambda: self.function.now)

    def put(self, *keys: str, **attributes: Any) -> None:
        """Put items."""
        for key in keys:
            self.dynamodb.put_item(TableName=self.name, Item={"pk": {"S": key}, **attributes})

    def keys(self) -> list[str]:
        """Return the keys that the function got last."""
        return [record["dynamodb"]["Keys"]["pk"]["S"] for record in self.function.records()]

    def all_keys(self) -> list[list[str]]:
        """Do all there is to do; return the keys of each batch."""
        self.function.events.clear()
        while self.mapping.has_work():
            assert self.mapping.step()
        batches = [event["Records"] for event in self.function.events]
        return [[record["dynamodb"]["Keys"]["pk"]["S"] for record in batch] for batch in batches]
