"""A walk through one segment of the table: pages of a Scan, each in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from grail.migrate.batch import AT_ONCE, Batches
from grail.migrate.change import Change
from grail.migrate.layout import Raw
from grail.migrate.pace import Pace
from grail.migrate.segment import Segment, key_aside

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PAGE = 1_000
"""Items that are read at once; a page has at most 1 MB anyway (DynamoDB quota "Scan result set size")."""

Tell = Callable[[int], None]
"""Is told of items that were looked at."""


@dataclass(frozen=True)
class Sizes:
    """How many items are read, and how many written, at once."""

    page: int = PAGE
    batch: int = AT_ONCE


class Walk:
    """Walks a segment with a change. Safe to use from several threads, each with its own segment."""

    def __init__(
        self, dynamodb: "DynamoDBClient", change: Change, *, segments: int, sizes: Sizes, pace: Pace, tell: Tell
    ) -> None:
        self._dynamodb: Any = dynamodb
        self._change = change
        self._segments = segments
        self._sizes = sizes
        self._pace = pace
        self._tell = tell
        self._batches = Batches(dynamodb, change, pace=pace)

    def go(self, segment: Segment) -> None:
        """Try again what was set aside before, then go on to the segment's end.

        Raises FencedError, StoppedError, and GrailError where too many items can't be migrated.
        """
        for key in list(segment.progress.aside):
            self._again(segment, key)
        while not segment.progress.done:
            page = self._page(segment)
            items, behind = page["Items"], page.get("LastEvaluatedKey")
            for batch, is_last in _batches(items, self._sizes.batch):
                position = behind if is_last else self._change.layout.key_of(batch[-1])
                self._batches.commit(segment, batch, position=position, done=is_last and behind is None)
                self._tell(len(batch))

    def _page(self, segment: Segment) -> Mapping[str, Any]:
        """Scan on, consistently: nobody comes back to look for what a replica did not have yet."""
        self._pace.check()
        position = segment.progress.position
        page: Mapping[str, Any] = self._dynamodb.scan(
            TableName=self._change.layout.table,
            Segment=segment.number,
            TotalSegments=self._segments,
            Limit=self._sizes.page,
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
            **self._change.filter,
            **({} if position is None else {"ExclusiveStartKey": position}),
        )
        self._pace.spend(page.get("ConsumedCapacity", {}).get("CapacityUnits", 0))
        return page

    def _again(self, segment: Segment, key: str) -> None:
        """Migrate an item that was set aside, unless it is gone or not meant any more."""
        self._pace.check()
        answer = self._dynamodb.get_item(
            TableName=self._change.layout.table,
            Key=key_aside(key),
            ConsistentRead=True,
            ReturnConsumedCapacity="TOTAL",
        )
        self._pace.spend(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0))
        found = answer.get("Item")
        progress = segment.progress
        if found is not None and self._change.means(found):
            self._batches.commit(segment, [found], position=progress.position, done=progress.done)
        else:
            left = {name: reason for name, reason in progress.aside.items() if name != key}
            segment.save(replace(progress, aside=left))


def _batches(items: Sequence[Raw], size: int) -> Iterator[tuple[Sequence[Raw], bool]]:
    """Return the batches of a page, one at least, and whether each is the last."""
    starts = range(0, max(len(items), 1), size)
    return ((items[start : start + size], start + size >= len(items)) for start in starts)
