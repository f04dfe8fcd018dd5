"""The table in DynamoDB: the only module that calls it."""

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.errors import TooLargeError
from chalicelib.repositories import keys
from chalicelib.repositories.attempts import CONFIG, TRANSIENT, Attempts, Operation
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


class DynamoTable:
    """A `Table` in DynamoDB. Safe to use from several threads."""

    def __init__(
        self,
        name: str,
        *,
        client: "DynamoDBClient | None" = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._name = name
        self._client: Any = client or boto3.client("dynamodb", config=CONFIG)
        self._now = now
        self._attempts = Attempts("database", sleep=sleep)

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
        wanted = {"ReturnValues": "ALL_NEW"} if isinstance(write, Update) else {}
        try:
            answer = self._write(write, write_id, **wanted)
        except ConditionFailedError as failed:
            if failed.item is not None and _is_work_of(failed.item, write_id):
                return failed.item
            raise
        return unmarshal(answer["Attributes"]) if isinstance(write, Update) else {**write.item, WRITE_ID: write_id}

    def apply(self, write: Put | Update) -> None:
        """PutItem or UpdateItem."""
        write_id = uuid.uuid4().hex
        try:
            self._write(write, write_id)
        except ConditionFailedError as failed:
            if failed.item is None or not _is_work_of(failed.item, write_id):
                raise

    def _write(self, write: Put | Update, write_id: str, **wanted: str) -> Mapping[str, Any]:
        operation, parameters = self._parameters(write, write_id)
        return self._call(getattr(self._client, operation), **parameters, **wanted)

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

    def _call(self, operation: Operation, **parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
        return self._attempts.call(operation, explain=_explain, **parameters)


def _alive(found: Mapping[str, Any] | None) -> Item | None:
    """Return what was found, unless it is a tombstone."""
    item = unmarshal(found) if found else None
    return None if item is None or DELETED in item else item


def _is_work_of(item: Item, write_id: str) -> bool:
    """Tell whether an earlier attempt of the same write had made the item what it is, and only its answer was lost."""
    return item.get(WRITE_ID) == write_id


def _explain(error: ClientError) -> bool:
    """Raise what an error means to a repository; tell of a cancelled transaction whether it may pass."""
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", ())
        failed = [index for index, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"]
        if failed:
            items = [_found(reasons[index]) for index in failed]
            raise ConditionFailedError(failed[0], items[0], [item for item in items if item is not None]) from error
        if any(reason.get("Code") in TRANSIENT for reason in reasons):
            return True
        if any("exceeded the maximum allowed size" in reason.get("Message", "") for reason in reasons):
            code = "ValidationException"
    if code == "ConditionalCheckFailedException":
        raise ConditionFailedError(0, _found(error.response)) from error
    if code == "ValidationException" and "exceeded the maximum allowed size" in str(error):
        message = "It is too large to be stored: an item may have 400 KB."
        raise TooLargeError(message) from error
    return False


def _found(answer: Mapping[str, Any]) -> Item | None:
    return unmarshal(answer["Item"]) if answer.get("Item") else None


_THROTTLED: Any = {"Error": {"Code": "ThrottlingException", "Message": "every key is unprocessed"}}
_TRANSACT = {"put_item": "Put", "update_item": "Update", "delete_item": "Delete", "condition_check": "ConditionCheck"}


def _key(key: Key) -> dict[str, Any]:
    return marshal({PK: key.pk, SK: key.sk})
