"""Whether every item has the schema version that was applied: a walk that only reads."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from grail.migrate.change import Change
from grail.migrate.pace import Pace
from grail.migrate.segment import aside_key
from grail.migrate.walk import PAGE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def stragglers(dynamodb: "DynamoDBClient", change: Change, *, pace: Pace, tell: Callable[[int], None]) -> Iterator[str]:
    """Return the keys of the items that a change still means. `tell` is told how many were looked at."""
    client: Any = dynamodb
    looked = 0
    start: dict[str, Any] = {}
    while True:
        page = client.scan(
            TableName=change.layout.table, Limit=PAGE, ConsistentRead=True, ReturnConsumedCapacity="TOTAL",
            **change.filter, **start,
        )  # fmt: skip
        looked += page["ScannedCount"]
        tell(looked)
        for item in page["Items"]:
            yield aside_key(change.layout.key_of(item))
        if "LastEvaluatedKey" not in page:
            return
        pace.spend(page.get("ConsumedCapacity", {}).get("CapacityUnits", 0))
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
