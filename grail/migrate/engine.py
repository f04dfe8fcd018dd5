"""A run, from its lock to its line in the history: walks of all segments at once, until one finds nothing to do."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grail.errors import GrailError
from grail.migrate.cell import FencedError
from grail.migrate.change import DOWN, UP, Change
from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Migration
from grail.migrate.pace import Pace
from grail.migrate.parallel import Tell, walk_all
from grail.migrate.run import Run
from grail.migrate.segment import Progress, Segment
from grail.migrate.walk import Sizes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEGMENTS = 4
_WALKS = 3
"""How often one invocation walks the table, where others keep writing items of another schema version."""


@dataclass(frozen=True)
class Outcome:
    """What came of a run. It is done, unless items were set aside (why, by key), or others came back (`restless`)."""

    run: Run
    aside: Mapping[str, str] = field(default_factory=dict)
    restless: int = 0

    @property
    def is_done(self) -> bool:
        """Whether all items are what they shall be."""
        return not self.aside and not self.restless


class Engine:
    """Runs migrations on a table, with its lock. `pace` keeps the lock while it waits."""

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        layout: Layout,
        ledger: Ledger,
        *,
        pace: Pace,
        segments: int = SEGMENTS,
        sizes: Sizes | None = None,
    ) -> None:
        self._dynamodb = dynamodb
        self._layout = layout
        self._ledger = ledger
        self._pace = pace
        self._segments = segments
        self._sizes = sizes or Sizes()

    @contextmanager
    def locked(self, *, by_force: bool = False) -> Iterator[None]:
        """Hold the lock while the block runs. Raises GrailError where somebody else does."""
        self._ledger.acquire(by_force=by_force)
        try:
            if self._ledger.run is not None:
                self._fenced(self._ledger.run.segments)
            yield
        except FencedError:
            raise
        except BaseException:  # a file's sys.exit() too
            self._ledger.release()
            raise
        self._ledger.release()

    def progress(self) -> list[Progress]:
        """Return how far each segment is in what is under way, without the lock."""
        run = self._ledger.run
        if run is None:
            return []
        segments = self._all(run.segments)
        for segment in segments:
            segment.look()
        return [segment.progress for segment in segments if segment.progress.walk == run.id]

    def perform(
        self, migration: Migration, direction: str, change: Change, *, tell: Tell, is_edited: bool = False
    ) -> Outcome:
        """Begin a run, or go on with it (with an edited file if it `is_edited`), to its end. The lock must be held.

        Raises FencedError, StoppedError, KeyboardInterrupt; whatever is done by then is kept. Raises GrailError.
        """
        run = self._run(migration, direction, change, is_edited=is_edited)
        segments = self._fenced(run.segments)
        for walks in range(1, _WALKS + 1):
            for segment in segments:
                segment.enter(run.id)
            walk_all(self._dynamodb, change, segments, sizes=self._sizes, pace=self._pace, tell=tell)
            written = sum(segment.progress.written for segment in segments)
            aside = {key: reason for segment in segments for key, reason in segment.progress.aside.items()}
            is_settled = not change.repeatable or not written
            if is_settled and not aside:
                return Outcome(self._ledger.finish(self._counted(run, segments)))
            if is_settled or walks == _WALKS:
                break
            run = replace(self._counted(run, segments), walk=run.walk + 1)
            self._ledger.advance(run)
        return Outcome(run, aside, restless=0 if is_settled else written)

    def _run(self, migration: Migration, direction: str, change: Change, *, is_edited: bool) -> Run:
        """Return the run that goes on, or that begins. Raises GrailError."""
        found = self._ledger.run
        if found is not None and (found.name, found.direction) == (migration.name, direction):
            if found.checksum != migration.checksum and not is_edited:
                message = (
                    f"{migration.name}.py was edited after it was half applied: its checksum was {found.checksum} "
                    f"and is {migration.checksum}; undo the edit, or do the rest with it: --edited"
                )
                raise GrailError(message)
            if found.checksum != migration.checksum:
                found = replace(found, checksum=migration.checksum)
                self._ledger.advance(found)
            return found
        # A half applied schema version can be taken back: each item tells whether it has it.
        takes_back = found is not None and found.name == migration.name and direction == DOWN and change.repeatable
        if found is not None and not takes_back:
            verb = "rollback" if found.direction == DOWN else "apply"
            message = f"{verb} of {found.name} is half done: finish that first: `migrate {verb}`"
            raise GrailError(message)
        is_applied = self._ledger.applied.get(migration.number) == migration.entry
        if found is None and is_applied == (direction == UP) and not (is_applied and change.repeatable):
            message = f"{migration.name} is {'applied already' if is_applied else 'not applied'}"
            raise GrailError(message)
        self._fenced(self._segments)  # before anybody can read how many there are
        return self._ledger.begin(migration, direction, segments=self._segments)

    def _all(self, count: int) -> list[Segment]:
        return [Segment(self._dynamodb, self._layout, number) for number in range(count)]

    def _fenced(self, count: int) -> list[Segment]:
        segments = self._all(count)
        for segment in segments:
            segment.fence(self._ledger.token)
        return segments

    @staticmethod
    def _counted(run: Run, segments: list[Segment]) -> Run:
        """Return the run with the counts of its walk."""
        counts = Counter(run.counts)
        for segment in segments:
            counts.update(written=segment.progress.written, unchanged=segment.progress.unchanged)
        return replace(run, counts=dict(counts))
