"""One of a migration's own items: only ever written by who saw it last, which is how an old holder is fenced off."""

import random
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from grail.errors import GrailError
from grail.migrate import values
from grail.migrate.layout import Layout

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SEQUENCE = "sequence"
_STAMP = "stamp"
"""Set anew by each write, so that a write that is repeated after a lost answer knows its own work."""
_LONGEST_PAUSE = 0.2

State = dict[str, Any]


class FencedError(GrailError):
    """Somebody else has written one of the items that only the lock's holder writes."""

    def __init__(self) -> None:
        super().__init__("somebody else has taken the lock over: nothing more was written here")


def step_aside(sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait a little, so that those who met don't meet again."""
    sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - jitter


class Cell:
    """An own item, by name; its state is a mapping of plain values. Not safe to use from several threads."""

    def __init__(self, dynamodb: "DynamoDBClient", layout: Layout, name: str) -> None:
        self._dynamodb = dynamodb
        self._layout = layout
        self._key = layout.own_key(name)
        self._sequence = 0

    def read(self) -> State:
        """Return the state as it is now; empty where there is none yet."""
        found = self._dynamodb.get_item(TableName=self._layout.table, Key=self._key, ConsistentRead=True).get("Item")
        return self._seen(found or {})

    def write(self, state: Mapping[str, Any]) -> None:
        """Write the state. Raises FencedError where it is not what was seen last."""
        put = self.put(state)
        while True:
            try:
                self._dynamodb.put_item(**put)
            except ClientError as error:
                match error.response["Error"]["Code"]:
                    case "TransactionConflictException":  # an old holder's, or a reader of transactions
                        step_aside()
                        continue
                    case "ConditionalCheckFailedException":
                        found: Any = error.response.get("Item")
                        if not self.is_written(put, found):
                            raise FencedError from error
                    case _:
                        raise
            self.wrote()
            return

    def put(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters of the write, for `put_item` or a transaction, which says `wrote` once it is done."""
        own = values.stored({**state, _SEQUENCE: self._sequence + 1, _STAMP: uuid.uuid4().hex})
        names = {"#sequence": _SEQUENCE}
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(#sequence)"}
        if self._sequence:
            seen = {":seen": {"N": str(self._sequence)}}
            condition = {"ConditionExpression": "#sequence = :seen", "ExpressionAttributeValues": seen}
        return {
            "TableName": self._layout.table,
            "Item": {**own, **self._layout.own_marks(), **self._key},
            "ExpressionAttributeNames": names,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **condition,
        }

    def is_written(self, put: Mapping[str, Any], found: Mapping[str, Any] | None) -> bool:
        """Tell whether what was found is this very write's work, whose answer was lost."""
        return found is not None and found.get(_STAMP) == put["Item"][_STAMP]

    def wrote(self) -> None:
        """Take note that a write was done."""
        self._sequence += 1

    def _seen(self, found: Mapping[str, Any]) -> State:
        ours = {*self._key, *self._layout.own_marks()}
        state = values.plain({name: value for name, value in found.items() if name not in ours})
        self._sequence = state.pop(_SEQUENCE, 0)
        state.pop(_STAMP, None)
        return state
