"""The real DynamoDB client, whose requests are answered in this process: all of boto3's work, and no network."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def client(operation: str, body: Callable[[bytes], bytes], config: Config | None = None) -> "DynamoDBClient":
    """Return a client; `body` makes the answer's body of the request's."""

    def answer(request: Any, **_: Any) -> Any:  # noqa: ANN401 - botocore's own
        made: Any = AWSResponse(request.url, 200, HTTPHeaders(), None)
        made._content = body(request.body)  # noqa: SLF001 - what it would have read from its connection
        return made

    made = boto3.Session("benchmark", "benchmark", region_name="eu-central-1").client("dynamodb", config=config)
    made.meta.events.register(f"before-send.dynamodb.{operation}", answer)
    return made
