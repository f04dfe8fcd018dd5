"""The table in DynamoDB: the only module that calls it."""

import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004 - botocore's own name

from chalicelib import deadline
from chalicelib.errors import TooLargeError, UnavailableError
from chalicelib.repositories import keys
from chalicelib.repositories.keys import PK, SK, TTL, Key
from chalicelib.repositories.table import (
    DELETED,
    VERSION,
    WRITE_ID,
    Absent,
    Alive,
    Check,
    ConditionFailedError,
    Delete,
    Expected,
    Item,
    Put,
    Update,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

T = TypeVar("T")

ATTEMPTS = 4
READ_TIMEOUT = 2.0
"""Seconds; DynamoDB answers in milliseconds, or not at all."""
_BASE_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
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
            config=Config(connect_timeout=1, read_timeout=READ_TIMEOUT, retries={"total_max_attempts": 1}),
        )
        self._now = now
        self._sleep = sleep

    def get(self, key: Key) -> Item | None:
        """GetItem, consistent."""
        answer = self._call(self._client.get_item, TableName=self._name, Key=_key(key), ConsistentRead=True)
        item = _unmarshal(answer["Item"]) if "Item" in answer else None
        return None if item is None or DELETED in item else item

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
        return _unmarshal(answer["Attributes"]) if isinstance(write, Update) else {**write.item, WRITE_ID: write_id}

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
            if failed.item is None or not _is_work_of(failed.item, write_id):
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
                ExpressionAttributeValues=_marshal(values),
                Limit=limit - len(items),
                **start,
            )
            items.extend(_unmarshal(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        return items

    def _parameters(self, write: Put | Update | Delete | Check, write_id: str) -> tuple[str, dict[str, Any]]:
        """Return the client's method for a write, and its parameters."""
        expression = _Expression()
        parameters: dict[str, Any] = {
            "TableName": self._name,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            "ConditionExpression": expression.condition(write.expected, now=self._now()),
        }
        match write:
            case Put():
                operation = "put_item"
                parameters["Item"] = _marshal({**write.item, WRITE_ID: write_id})
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
            parameters["ExpressionAttributeValues"] = _marshal(expression.values)
        return operation, parameters

    def _call(self, operation: _Operation, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        """Call DynamoDB, again and again while it is worth it and there is time.

        Full jitter: the pause is anything up to a bound that doubles (Amazon Builders' Library, "Timeouts, retries
        and backoff with jitter").
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return operation(**parameters)
            except (ClientError, ConnectionError, HTTPClientError) as error:
                if isinstance(error, ClientError):
                    _raise_unless_transient(error)
                pause = random.uniform(0, min(_LONGEST_PAUSE, _BASE_PAUSE * 2**attempt))  # noqa: S311 - jitter
                if attempt == ATTEMPTS or deadline.seconds_left() < pause + READ_TIMEOUT:
                    message = "The database is too busy to answer now."
                    raise UnavailableError(message) from error
                self._sleep(pause)
        raise AssertionError  # pragma: no cover - the loop returns or raises


def _is_work_of(item: Item, write_id: str) -> bool:
    """Tell whether an earlier attempt of the same write had made the item what it is, and only its answer was lost."""
    return item.get(WRITE_ID) == write_id


def _raise_unless_transient(error: ClientError) -> None:
    """Return for an error that may pass, raise what any other error means."""
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
        for index, reason in enumerate(reasons):
            if reason.get("Code") == "ConditionalCheckFailed":
                raise ConditionFailedError(index, _found(reason)) from error
        if any(reason.get("Code") in _TRANSIENT for reason in reasons):
            return
        if any("exceeded the maximum allowed size" in reason.get("Message", "") for reason in reasons):
            code = "ValidationException"
    if code == "ConditionalCheckFailedException":
        raise ConditionFailedError(0, _found(error.response)) from error
    if code == "ValidationException" and "exceeded the maximum allowed size" in str(error):
        message = "It is too large to be stored: an item may have 400 KB."
        raise TooLargeError(message) from error
    if code not in _TRANSIENT:
        raise error


def _found(answer: Mapping[str, Any]) -> Item | None:
    return _unmarshal(answer["Item"]) if answer.get("Item") else None


_TRANSACT = {"put_item": "Put", "update_item": "Update", "delete_item": "Delete", "condition_check": "ConditionCheck"}


class _Expression:
    """Collects the names and values that a write's expressions refer to."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def condition(self, expected: Expected, *, now: float) -> str:
        """Return the ConditionExpression that `table.meets` states in Python."""
        match expected:
            case Absent():
                deleted = f"{self._name(DELETED)} = {self._value(value=True)}"
                past = f"{self._name(TTL)} <= {self._value(int(now))}"
                return f"attribute_not_exists({self._name(PK)}) OR ({deleted} AND {past})"
            case Alive():
                terms = [f"attribute_exists({self._name(PK)})", f"attribute_not_exists({self._name(DELETED)})"]
                if expected.versions is not None:
                    values = ", ".join(self._value(version) for version in sorted(expected.versions) or [-1])
                    terms.append(f"{self._name(VERSION)} IN ({values})")
                terms += [f"{self._name(name)} = {self._value(value)}" for name, value in expected.equals.items()]
                return " AND ".join(terms)

    def update(self, assign: Mapping[str, Any], remove: Sequence[str]) -> str:
        """Return the UpdateExpression that sets, removes, and counts the version up."""
        version = self._name(VERSION)
        sets = [f"{self._name(name)} = {self._value(value)}" for name, value in assign.items()]
        sets.append(f"{version} = {version} + {self._value(1)}")
        removes = f" REMOVE {', '.join(self._name(name) for name in remove)}" if remove else ""
        return f"SET {', '.join(sets)}{removes}"

    def _name(self, name: str) -> str:
        self.names[f"#{name}"] = name
        return f"#{name}"

    def _value(self, value: Any) -> str:  # noqa: ANN401 - any JSON value
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder


def _key(key: Key) -> dict[str, Any]:
    return _marshal({PK: key.pk, SK: key.sk})


def _marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _to_dynamodb(value) for name, value in item.items()}


def _unmarshal(item: Mapping[str, Any]) -> Item:
    return {name: _from_dynamodb(value) for name, value in item.items()}


def _to_dynamodb(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """JSON to DynamoDB's JSON; boto3's serializer refuses floats."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case list() | tuple():
            return {"L": [_to_dynamodb(element) for element in value]}
        case dict():
            return {"M": _marshal(value)}
    message = f"{type(value).__name__} is not a JSON value"
    raise TypeError(message)


def _from_dynamodb(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """DynamoDB's JSON to JSON."""
    [(kind, content)] = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "NULL":
            return None
        case "L":
            return [_from_dynamodb(element) for element in content]
        case "M":
            return _unmarshal(content)
    message = f"an attribute of DynamoDB's type {kind} is not one of ours"
    raise TypeError(message)
