"""Some items of a segment, written together with the segment's progress, in one transaction: all of it or nothing.

So each item is changed once, however often the process dies; who lost the lock can't write; and live writers win: an
item that has moved on meanwhile is taken as it is now, which the refusal tells, and tried again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from grail.errors import GrailError
from grail.migrate.change import LONGEST_REASON, Change, ItemError
from grail.migrate.condition import write
from grail.migrate.layout import Raw
from grail.migrate.pace import Pace
from grail.migrate.segment import Progress, Segment, aside_key
from grail.migrate.transaction import InvalidError, transact
from grail.terminal import counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AT_ONCE = 25
"""Items in a transaction: it may have 100, and while it lasts, a live writer's write to any of them is refused."""


@dataclass
class _Prepared:
    """What becomes of a batch's items: pairs of what was read and what shall be; why others can't; how many stay."""

    writes: list[tuple[Raw, Mapping[str, Any]]] = field(default_factory=list)
    aside: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0


class Batches:
    """Writes a run's batches. Safe to use from several threads, each with its own segment."""

    def __init__(self, dynamodb: "DynamoDBClient", change: Change, *, pace: Pace) -> None:
        self._dynamodb = dynamodb
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
            writes = [write(*each, layout=self._change.layout) for each in prepared.writes]
            try:
                refused = transact(self._dynamodb, segment.cell, segment.put(progress), writes, pace=self._pace)
            except InvalidError as error:
                if len(items) > 1:
                    self._one_by_one(segment, items, position=position, done=done)
                    return
                prepared = _Prepared(aside={self._name(items[0]): str(error)[:LONGEST_REASON]})
                break
            if not refused:
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

    def _name(self, item: Raw) -> str:
        return aside_key(self._change.layout.key_of(item))
