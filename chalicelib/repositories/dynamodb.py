"""The table in DynamoDB: the only module that calls it."""

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ChecksumError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.parsers import ResponseParserError

from chalicelib import deadline
from chalicelib.errors import TooLargeError, UnavailableError
from chalicelib.repositories import keys
from chalicelib.repositories.expressions import Expression
from chalicelib.repositories.keys import PK, SK, Key
from chalicelib.repositories.marshal import marshal, unmarshal
from chalicelib.repositories.table import (
    DELETED,
    WRITE_ID,
    Check,
    ConditionFailedError,
    Delete,
    Item,
    Put,
    Update,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTEMPTS = 4
CONNECT_TIMEOUT, READ_TIMEOUT = 0.5, 1.5
"""Seconds; DynamoDB answers in milliseconds, or not at all."""
_MARGIN = 0.3
"""Seconds to turn a failure into an answer."""
_BASE_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
        # the codes inside CancellationReasons
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
_TRANSIENT_EXCEPTIONS = (
    ChecksumError,
    ConnectionError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    ResponseParserError,
)
"""Lost, cut off or garbled on the way."""
_FIRST_SERVER_ERROR = 500


class _Operation(Protocol):
    def __call__(self, **parameters: Any) -> Mapping[str, Any]: ...  # noqa: ANN401 - boto3's parameters


class DynamoTable:
    """A `Table` in DynamoDB. Safe to use from several threads.

    Retries are ours and not botocore's, because they have to end before the invocation does.
    """

    def __init__(
        self,
        name: str,
        *,
        client: "DynamoDBClient | None" = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._client: Any = client or boto3.client(
            "dynamodb",
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"total_max_attempts": 1},
                max_pool_connections=50,  # `chalice local` serves from many threads
            ),
        )
        self._now = now
        self._sleep = sleep

    def get(self, key: Key) -> Item | None:
        """GetItem, consistent."""
        answer = self._call(self._client.get_item, TableName=self._name, Key=_key(key), ConsistentRead=True)
        return _alive(answer.get("Item"))

    def get_all(self, keys: Sequence[Key]) -> list[Item | None]:
        """BatchGetItem, consistent."""
        wanted: Mapping[str, Any] = {
            self._name: {"Keys": [_key(key) for key in dict.fromkeys(keys)], "ConsistentRead": True}
        }
        found: dict[Key, Item | None] = {}
        while wanted:
            answer = self._call(self._batch_get, RequestItems=wanted)
            for item in answer["Responses"].get(self._name, ()):
                found[Key(item[PK]["S"], item[SK]["S"])] = _alive(item)
            wanted = answer.get("UnprocessedKeys", {})
        return [found.get(key) for key in keys]

    def _batch_get(self, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        """Call BatchGetItem. An answer that leaves all keys unprocessed is what a throttle is elsewhere."""
        answer: Mapping[str, Any] = self._client.batch_get_item(**parameters)
        if answer.get("UnprocessedKeys") and not answer["Responses"].get(self._name):
            raise ClientError(_THROTTLED, "BatchGetItem")
        return answer

    def write(self, write: Put | Update) -> Item:
        """PutItem or UpdateItem."""
        write_id = uuid.uuid4().hex
        operation, parameters = self._parameters(write, write_id)
        if isinstance(write, Update):
            parameters["ReturnValues"] = "ALL_NEW"
        try:
            answer = self._call(getattr(self._client, operation), **parameters)
        except ConditionFailedError as failed:
            if failed.item is not None and _is_work_of(failed.item, write_id):
                return failed.item
            raise
        return unmarshal(answer["Attributes"]) if isinstance(write, Update) else {**write.item, WRITE_ID: write_id}

    def transact(self, writes: Sequence[Put | Update | Delete | Check]) -> None:
        """TransactWriteItems; its ClientRequestToken makes a repeated call one with the first.

        Where that is not so (after ten minutes, and in emulators), the repeated call finds the first one's work.
        """
        write_id = uuid.uuid4().hex
        items = []
        for write in writes:
            operation, parameters = self._parameters(write, write_id)
            items.append({_TRANSACT[operation]: parameters})
        try:
            self._call(self._client.transact_write_items, TransactItems=items, ClientRequestToken=write_id)
        except ConditionFailedError as failed:
            if not any(_is_work_of(item, write_id) for item in failed.found):  # of a removed item nothing is found
                raise

    def query(self, index: str, partition: str, *, after: str | None, limit: int) -> list[Item]:
        """Query an index."""
        hash_key, sort_key = keys.INDEXES[index]
        condition, values = "#hash = :hash", {":hash": partition}
        names = {"#hash": hash_key}
        if after is not None:
            condition += " AND #sort > :after"
            values[":after"] = after
            names["#sort"] = sort_key
        items: list[Item] = []
        start: Mapping[str, Any] = {}
        while len(items) < limit:  # a page ends early at 1 MB (DynamoDB quota "Query result set size")
            answer = self._call(
                self._client.query,
                TableName=self._name,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=marshal(values),
                Limit=limit - len(items),
                **start,
            )
            items.extend(unmarshal(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return items

    def _parameters(self, write: Put | Update | Delete | Check, write_id: str) -> tuple[str, dict[str, Any]]:
        """Return the client's method for a write, and its parameters."""
        expression = Expression()
        parameters: dict[str, Any] = {
            "TableName": self._name,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ConditionExpression": expression.condition(write.expected, now=self._now()),
        }
        match write:
            case Put():
                operation = "put_item"
                parameters["Item"] = marshal({**write.item, WRITE_ID: write_id})
            case Update():
                operation = "update_item"
                parameters["Key"] = _key(write.key)
                parameters["UpdateExpression"] = expression.update({**write.assign, WRITE_ID: write_id}, write.remove)
            case Delete():
                operation = "delete_item"
                parameters["Key"] = _key(write.key)
            case Check():
                operation = "condition_check"
                parameters["Key"] = _key(write.key)
        parameters["ExpressionAttributeNames"] = expression.names
        if expression.values:
            parameters["ExpressionAttributeValues"] = marshal(expression.values)
        return operation, parameters

    def _call(self, operation: _Operation, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        """Call DynamoDB, again and again while it is worth it and there is time.

        Full jitter: the pause is anything up to a bound that doubles (Amazon Builders' Library, "Timeouts, retries
        and backoff with jitter").
        """
        pause = 0.0
        last: Exception | None = None
        for attempt in range(1, ATTEMPTS + 1):
            if deadline.seconds_left() < pause + CONNECT_TIMEOUT + READ_TIMEOUT + _MARGIN:
                break
            if pause:
                self._sleep(pause)
            try:
                return operation(**parameters)
            except _TRANSIENT_EXCEPTIONS as error:
                last = error
            except ClientError as error:
                _raise_unless_transient(error)
                last = error
            pause = random.uniform(0, min(_LONGEST_PAUSE, _BASE_PAUSE * 2**attempt))  # noqa: S311 - jitter
        message = "The database is too busy to answer now."
        raise UnavailableError(message) from last


def _alive(found: Mapping[str, Any] | None) -> Item | None:
    """Return what was found, unless it is a tombstone."""
    item = unmarshal(found) if found else None
    return None if item is None or DELETED in item else item


def _is_work_of(item: Item, write_id: str) -> bool:
    """Tell whether an earlier attempt of the same write had made the item what it is, and only its answer was lost."""
    return item.get(WRITE_ID) == write_id


def _raise_unless_transient(error: ClientError) -> None:
    """Return for an error that may pass, raise what any other error means."""
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
        failed = [index for index, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"]
        if failed:
            items = [_found(reasons[index]) for index in failed]
            raise ConditionFailedError(failed[0], items[0], [item for item in items if item is not None]) from error
        if any(reason.get("Code") in _TRANSIENT for reason in reasons):
            return
        if any("exceeded the maximum allowed size" in reason.get("Message", "") for reason in reasons):
            code = "ValidationException"
    if code == "ConditionalCheckFailedException":
        raise ConditionFailedError(0, _found(error.response)) from error
    if code == "ValidationException" and "exceeded the maximum allowed size" in str(error):
        message = "It is too large to be stored: an item may have 400 KB."
        raise TooLargeError(message) from error
    failed_there = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _FIRST_SERVER_ERROR
    if code not in _TRANSIENT and not failed_there:
        raise error


def _found(answer: Mapping[str, Any]) -> Item | None:
    return unmarshal(answer["Item"]) if answer.get("Item") else None


_THROTTLED: Any = {"Error": {"Code": "ThrottlingException", "Message": "every key is unprocessed"}}
_TRANSACT = {"put_item": "Put", "update_item": "Update", "delete_item": "Delete", "condition_check": "ConditionCheck"}


def _key(key: Key) -> dict[str, Any]:
    return marshal({PK: key.pk, SK: key.sk})
