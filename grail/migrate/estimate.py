"""What a run will take, guessed from the table's first pages: items, capacity units, dollars, seconds; and a sample.

The prices are DynamoDB's on-demand prices of us-east-1, standard table class, for a million request units, as they are
since November 2024 (https://aws.amazon.com/dynamodb/pricing/on-demand/).
"""

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grail.migrate import values
from grail.migrate.batch import AT_ONCE
from grail.migrate.change import Change, ItemError
from grail.migrate.layout import Layout, Raw
from grail.migrate.walk import PAGE
from grail.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WRITES, READS = 0.625, 0.125
"""Dollars for a million units."""
PER_SEGMENT = 500
"""Items a second: a transaction of 25 is taken to last 50 ms."""
_PAGES = 10
"""How many are read at most, to find a page that has any."""
_KB = 1024


@dataclass(frozen=True)
class Estimate:
    """What a run will take. `items` are guessed from those `looked_at`, which are all of the table if it `is_exact`.

    `sample` has some items before and after, or why one can't be migrated.
    """

    items: int
    is_exact: bool
    looked_at: int
    write_units: int
    read_units: int
    seconds: float
    sample: list[tuple[dict[str, Any], dict[str, Any] | str]]

    @property
    def dollars(self) -> float:
        """The price, where nothing is free."""
        return (self.write_units * WRITES + self.read_units * READS) / 1e6

    def described(self) -> str:
        """Return it for a person, in one line."""
        if not self.items and not self.is_exact:
            return f"none of the first {counted(self.looked_at, 'item')}; how many of the others is not known"
        about = "" if self.is_exact else "about "
        cost = f"${math.ceil(self.dollars * 100) / 100:,.2f}"
        units = f"{counted(self.write_units, 'write unit')}, {counted(self.read_units, 'read unit')}"
        return (
            f"{about}{counted(self.items, 'item')}, {units}, {cost} (on demand, us-east-1), about {_time(self.seconds)}"
        )


def estimate(
    dynamodb: "DynamoDBClient", change: Change, *, segments: int, most_units: float | None, sample: int = 3
) -> Estimate:
    """Read pages until one has items that are meant, and say what a run will take.

    Of a large table, the counts are DynamoDB's, up to six hours old.
    """
    layout = change.layout
    described: Any = dynamodb.describe_table(TableName=layout.table)["Table"]
    found, scanned, is_exact = _first(dynamodb, change)
    items = len(found) if is_exact else max(len(found), round(described["ItemCount"] * len(found) / scanned))
    writes = sum(_write_units(item, layout) for item in found) / len(found) if found else 0
    write_units = math.ceil(items * (writes + 2 / AT_ONCE))
    walks = 2 if change.repeatable else 1
    read_units = math.ceil(max(described.get("TableSizeBytes", 0), _size(found)) * walks / (4 * _KB))
    seconds = items / (PER_SEGMENT * segments)
    if most_units is not None:
        seconds = max(seconds, (write_units + read_units) / most_units)
    return Estimate(
        items, is_exact, scanned, write_units, read_units, seconds, [_shown(change, item) for item in found[:sample]]
    )


def _first(dynamodb: "DynamoDBClient", change: Change) -> tuple[list[Raw], int, bool]:
    """Return the first items that are meant, among how many, and whether that is the whole table."""
    scanned = 0
    start: dict[str, Any] = {}
    for _ in range(_PAGES):
        page: Any = dynamodb.scan(TableName=change.layout.table, Limit=PAGE, **start, **change.filter)
        scanned += page["ScannedCount"]
        if "LastEvaluatedKey" not in page:
            return page["Items"], scanned, True
        if page["Items"]:
            break
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
    return page["Items"], scanned, False


def _shown(change: Change, item: Raw) -> tuple[dict[str, Any], dict[str, Any] | str]:
    try:
        after = change.of(item)
    except ItemError as error:
        return values.plain(item), str(error)
    return values.plain(item), values.plain(item if after is None else after)


def _write_units(item: Raw, layout: Layout) -> int:
    """Return what it takes to write an item: twice its size in a transaction, and once for each index that it is in."""
    indexes = sum(attribute in item for attribute in layout.indexes)
    return math.ceil(_size(item) / _KB) * (2 + indexes)


def _size(found: Any) -> int:  # noqa: ANN401 - items
    """Return about how many bytes that is to DynamoDB: JSON's quotes weigh as much as what DynamoDB adds."""
    return len(json.dumps(found, default=str))


def _time(seconds: float) -> str:
    if seconds < 90:  # noqa: PLR2004 - one and a half minutes
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"  # noqa: PLR2004 - one and a half hours
