"""Some items of a segment, written together with the segment's progress, in one transaction: all of it or nothing.

So each item is changed once, however often the process dies; who lost the lock can't write; and live writers win: an
item that has moved on meanwhile is taken as it is now, which the refusal tells, and tried again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from grail.errors import GrailError
from grail.migrate.cell import FencedError
from grail.migrate.change import LONGEST_REASON, Change, ItemError
from grail.migrate.condition import write
from grail.migrate.layout import Raw
from grail.migrate.pace import Pace
from grail.migrate.segment import Progress, Segment, aside_key
from grail.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AT_ONCE = 25
"""Items in a transaction: it may have 100, and while it lasts, a live writer's write to any of them is refused."""
_MET = "ConditionalCheckFailed"
_PASSING = {"None", "TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError", "RequestLimitExceeded"}
"""Reasons for which a transaction is cancelled, and which pass."""
_TOO_LARGE = 413
"""The status of a request of more than 16 MB (DynamoDB's "Error handling")."""


class _InvalidError(Exception):
    """DynamoDB does not take it: an item is too large, say."""


@dataclass
class _Prepared:
    """What becomes of a batch's items: pairs of what was read and what shall be; why others can't; how many stay."""

    writes: list[tuple[Raw, Mapping[str, Any]]] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0


class Batches:
    """Writes a run's batches. Safe to use from several threads, each with its own segment."""

    def __init__(self, dynamodb: "DynamoDBClient", change: Change, *, pace: Pace) -> None:
        self._dynamodb: Any = dynamodb
        self._change = change
        self._pace = pace

    def commit(
        self, segment: Segment, items: Sequence[Raw], *, position: Mapping[str, Any] | None, done: bool = False
    ) -> None:
        """Change items, up to a position, and note it.

        Raises FencedError, StoppedError, and GrailError where too many items can't be migrated.
        """
        prepared = _Prepared()
        self._prepare(items, prepared)
        while prepared.writes:
            progress = self._progress(segment, items, prepared, position=position, done=done)
            try:
                refused = self._transact(segment, progress, prepared)
            except _InvalidError as error:
                if len(items) > 1:
                    self._one_by_one(segment, items, position=position, done=done)
                    return
                prepared = _Prepared(aside={self._name(items[0]): str(error)[:LONGEST_REASON]})
                break
            if refused is None:
                segment.wrote(progress)
                return
            prepared.writes = [each for place, each in enumerate(prepared.writes) if place not in refused]
            self._prepare([item for item in refused.values() if item and self._change.means(item)], prepared)
        segment.save(self._progress(segment, items, prepared, position=position, done=done))

    def _prepare(self, items: Sequence[Raw], prepared: _Prepared) -> None:
        for item in items:
            try:
                after = self._change.of(item)
            except ItemError as error:
                prepared.aside[self._name(item)] = str(error)
                continue
            if after is None:
                prepared.unchanged += 1
            else:
                prepared.writes.append((item, after))

    def _progress(
        self,
        segment: Segment,
        items: Sequence[Raw],
        prepared: _Prepared,
        *,
        position: Mapping[str, Any] | None,
        done: bool,
    ) -> Progress:
        before = segment.progress
        tried = {self._name(item) for item in items} if before.aside else set()
        kept = {key: reason for key, reason in before.aside.items() if key not in tried}
        after = replace(
            before,
            position=position,
            done=done,
            written=before.written + len(prepared.writes),
            unchanged=before.unchanged + prepared.unchanged,
            aside={**kept, **prepared.aside},
        )
        if after.is_full:
            message = (
                f"segment {segment.number} has {counted(len(after.aside), 'item')} that can't be migrated: that is too "
                "many to note; mend the migration, then apply again"
            )
            raise GrailError(message)
        return after

    def _one_by_one(
        self, segment: Segment, items: Sequence[Raw], *, position: Mapping[str, Any] | None, done: bool
    ) -> None:
        """Commit each item by itself, so that the one that can't be is the only one."""
        for item in items[:-1]:
            self.commit(segment, [item], position=self._change.layout.key_of(item))
        self.commit(segment, items[-1:], position=position, done=done)

    def _transact(self, segment: Segment, progress: Progress, prepared: _Prepared) -> dict[int, Raw | None] | None:
        """Write it all and return None, or return what each item is now that has moved on; None for one that is gone.

        Raises FencedError, StoppedError, _InvalidError.
        """
        own = segment.put(progress)
        actions = [{"Put": own}, *(write(*each, layout=self._change.layout) for each in prepared.writes)]
        attempts = 0
        while True:
            attempts += 1
            self._pace.check()
            try:
                answer = self._dynamodb.transact_write_items(TransactItems=actions, ReturnConsumedCapacity="TOTAL")
            except ClientError as error:
                reasons = _reasons(error)
                if reasons[0].get("Code") == _MET:
                    if segment.cell.is_written(own, reasons[0].get("Item")):
                        return None
                    raise FencedError from error
                refused = {at: found.get("Item") for at, found in enumerate(reasons[1:]) if found.get("Code") == _MET}
                if refused:
                    return refused
                self._pace.step_aside(attempts)
                continue
            self._pace.spend(sum(each.get("CapacityUnits", 0) for each in answer.get("ConsumedCapacity", ())))
            return None

    def _name(self, item: Raw) -> str:
        return aside_key(self._change.layout.key_of(item))


def _reasons(error: ClientError) -> list[Any]:
    """Return why a transaction was cancelled, one reason for each of its writes. Raises _InvalidError, or the error."""
    code = error.response["Error"]["Code"]
    is_too_large = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == _TOO_LARGE
    if code == "ValidationException" or is_too_large:
        raise _InvalidError(error.response["Error"]["Message"]) from error
    if code != "TransactionCanceledException":
        raise error
    reasons: list[Any] = list(error.response.get("CancellationReasons", ()))
    for reason in reasons:
        if reason.get("Code", "None") not in {*_PASSING, _MET}:
            raise _InvalidError(reason.get("Message") or reason["Code"]) from error
    return reasons or [{}]  # told without any, it may pass
