"""A run, from its lock to its line in the history: walks of all segments at once, until one finds nothing to do."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from grail.errors import GrailError
from grail.migrate.cell import FencedError
from grail.migrate.change import DOWN, UP, Change
from grail.migrate.layout import Layout
from grail.migrate.ledger import Ledger, Run
from grail.migrate.migration import Migration
from grail.migrate.pace import Pace, StoppedError
from grail.migrate.segment import Progress, Segment
from grail.migrate.walk import Sizes, Walk

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEGMENTS = 4
_WALKS = 3
"""How often one invocation walks the table, where others keep writing items of another schema version."""
_LOOK_SECONDS = 0.1

Tell = Callable[[int], None]
"""Is told how many items were looked at so far."""


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
        segments = [] if run is None else [Segment(self._dynamodb, self._layout, n) for n in range(run.segments)]
        for segment in segments:
            segment.look()
        return [segment.progress for segment in segments if run is not None and segment.progress.walk == run.id]

    def perform(
        self, migration: Migration, direction: str, change: Change, *, tell: Tell, is_edited: bool = False
    ) -> Outcome:
        """Begin a run, or go on with it (with an edited file if it `is_edited`), to its end. The lock must be held.

        Raises FencedError, StoppedError, KeyboardInterrupt; whatever is done by then is kept. Raises GrailError.
        """
        run = self._run(migration, direction, change, is_edited=is_edited)
        segments = self._fenced(run.segments)
        for walks in range(1, _WALKS + 1):
            self._walk(run, segments, change, tell)
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

    def _fenced(self, count: int) -> list[Segment]:
        segments = [Segment(self._dynamodb, self._layout, number) for number in range(count)]
        for segment in segments:
            segment.fence(self._ledger.token)
        return segments

    def _walk(self, run: Run, segments: list[Segment], change: Change, tell: Tell) -> None:
        """Walk every segment, each in a thread; wait for all of them, and raise what one raised."""
        tally = _Tally(tell)
        walk = Walk(self._dynamodb, change, segments=run.segments, sizes=self._sizes, pace=self._pace, tell=tally.add)
        for segment in segments:
            segment.enter(run.id)
            tally.add(segment.progress.written + segment.progress.unchanged)
        with ThreadPoolExecutor(max_workers=len(segments)) as threads:
            futures = [threads.submit(walk.go, segment) for segment in segments]
            try:
                while wait(futures, timeout=_LOOK_SECONDS, return_when=FIRST_EXCEPTION).not_done:
                    tally.tell()
                    if any(future.done() and future.exception() for future in futures):
                        self._pace.stop()
            except BaseException:
                self._pace.stop()
                raise
        errors = [error for error in (future.exception() for future in futures) if error is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, StoppedError)):
            raise error

    @staticmethod
    def _counted(run: Run, segments: list[Segment]) -> Run:
        """Return the run with the counts of its walk."""
        counts = Counter(run.counts)
        for segment in segments:
            counts.update(written=segment.progress.written, unchanged=segment.progress.unchanged)
        return replace(run, counts=dict(counts))


class _Tally:
    """Counts what several threads have done; only one thread tells of it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._done = 0
        self._alone = threading.Lock()

    def add(self, count: int) -> None:
        with self._alone:
            self._done += count

    def tell(self) -> None:
        self._tell(self._done)
