"""One transaction: done, or refused for items that have moved on, or tried again until it is either."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from grail.migrate.cell import Cell, FencedError
from grail.migrate.layout import Raw
from grail.migrate.pace import Pace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MET = "ConditionalCheckFailed"
_PASSING = {"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError", "RequestLimitExceeded"}
"""Reasons for which a transaction is cancelled, and which pass."""
_TOO_LARGE = 413
"""The status of a request of more than 16 MB (DynamoDB's "Error handling")."""


class InvalidError(Exception):
    """DynamoDB does not take it: an item is too large, say."""


def transact(
    dynamodb: "DynamoDBClient", cell: Cell, put: Mapping[str, Any], writes: Sequence[Mapping[str, Any]], *, pace: Pace
) -> dict[int, Raw | None]:
    """Put a cell's item and make the writes, all or none; return what refused it, which is nothing once it is done.

    That is by its place what each item is now that has moved on; None for one that is gone. Raises FencedError,
    StoppedError, InvalidError.
    """
    client: Any = dynamodb
    attempts = 0
    while True:
        attempts += 1
        pace.check()
        try:
            answer = client.transact_write_items(TransactItems=[{"Put": put}, *writes], ReturnConsumedCapacity="TOTAL")
        except ClientError as error:
            own, *others = _reasons(error)
            if own.get("Code") == _MET:
                if cell.is_written(put, own.get("Item")):
                    return {}
                raise FencedError from error
            refused = {place: found.get("Item") for place, found in enumerate(others) if found.get("Code") == _MET}
            if refused:
                return refused
            pace.step_aside(attempts)
        else:
            pace.spend(sum(each.get("CapacityUnits", 0) for each in answer.get("ConsumedCapacity", ())))
            return {}


def _reasons(error: ClientError) -> list[Any]:
    """Return why a transaction was cancelled, one reason for each of its writes. Raises InvalidError, or the error."""
    code = error.response["Error"]["Code"]
    is_too_large = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _TOO_LARGE
    if code == "ValidationException" or is_too_large:
        raise InvalidError(error.response["Error"]["Message"]) from error
    if code != "TransactionCanceledException":
        raise error
    reasons: list[Any] = list(error.response.get("CancellationReasons", ()))
    for reason in reasons:
        if reason.get("Code", "None") not in {*_PASSING, _MET}:
            raise InvalidError(reason.get("Message") or reason["Code"]) from error
    return reasons or [{}]  # told without any, it may pass
