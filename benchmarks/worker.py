"""Measure what a batch of ten messages costs the worker: `python -m benchmarks.worker`.

CPU time from Lambda's SQS event to its end, each message confirming an order, beside a bare loop with one `update_item`
of boto3's per message. All call the real client, whose requests are answered in this process.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from botocore.config import Config

from app import on_event
from benchmarks import answered, command, turns
from benchmarks.operations import INVOCATION
from chalicelib import bootstrap
from chalicelib.repositories.attempts import CONFIG
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.marshal import marshal
from chalicelib.settings import Settings

_RESULTS = Path(__file__).parent / "results" / "worker.json"
_LIBRARIES = ("aws-lambda-powertools", "boto3", "pydantic")
_BATCH = 10
_SLOT = 20
"""Batches per turn."""
_TABLE = "grail-dev"
_ORDERS = [f"k3q7wmd2zlhgnvxa5c4trj{number:02}" for number in range(_BATCH)]
_EVENT = {
    "Records": [
        {
            "messageId": f"059f36b4-87a3-44ab-83d2-661975830a{number:02}",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a" * 8,
            "body": json.dumps({"type": "order.placed", "order_id": order}),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1773100000000",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1773100000001",
            },
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:grail-dev-events",
            "awsRegion": "eu-central-1",
        }
        for number, order in enumerate(_ORDERS)
    ]
}
_CONFIRMED = marshal(
    {
        "pk": f"ORDER#{_ORDERS[0]}",
        "sk": "METADATA",
        "type": "order",
        "id": _ORDERS[0],
        "owner": "ada",
        "version": 2,
        "schema_version": 1,
        "created_at": "2026-11-20T09:30:15.123456Z",
        "updated_at": "2026-11-20T09:30:15.623456Z",
        "person_id": "k3q7wmd2zlhgnvxa5c4trjby",
        "status": "confirmed",
        "currency": "EUR",
        "lines": [{"sku": "tea", "quantity": 2, "unit_price": 450}],
        "total": 900,
        "write_id": "0b6c1f5e7d8a4c2f9a6d7e8f90a1b2c3",
    }
)


def _answer(request: bytes) -> bytes:
    """Answer UpdateItem as DynamoDB does: with what the request wants back."""
    wants_item = json.loads(request).get("ReturnValues") == "ALL_NEW"
    return json.dumps({"Attributes": _CONFIRMED} if wants_item else {}).encode()


def _bare(config: Config | None = None) -> Callable[[], object]:
    client = answered.client("UpdateItem", _answer, config)

    def loop() -> None:
        for record in _EVENT["Records"]:
            order = json.loads(str(record["body"]))["order_id"]
            client.update_item(
                TableName=_TABLE,
                Key={"pk": {"S": f"ORDER#{order}"}, "sk": {"S": "METADATA"}},
                UpdateExpression="SET #status = :confirmed",
                ConditionExpression="#status = :pending",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={":confirmed": {"S": "confirmed"}, ":pending": {"S": "pending"}},
            )

    return loop


def _worker() -> Callable[[], object]:
    table = DynamoTable(_TABLE, client=answered.client("UpdateItem", _answer, CONFIG))
    bootstrap.use(bootstrap.build(Settings.read({}), table=table))
    return lambda: on_event(_EVENT, INVOCATION)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and write; return the exit code."""
    options = command.parser("worker", "Measure what a batch costs.", results=_RESULTS).parse_args(arguments)
    contestants = {
        "a bare loop": _bare(),
        "a bare loop, with the worker's client": _bare(CONFIG),
        "the worker": _worker(),
    }
    try:
        command.check_writable(options.json)
        with Path(os.devnull).open("w", buffering=1) as nothing, redirect_stdout(nothing):
            times = turns.measured(contestants, rounds=options.rounds, slot=_SLOT)
    except OSError as error:
        print(f"python -m benchmarks.worker: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    document = turns.document(times, rounds=options.rounds, libraries=_LIBRARIES, messages=_BATCH)
    command.report(options.json, document, turns.table(document, base="bare", note=f"{_BATCH} messages a batch"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
