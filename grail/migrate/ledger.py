"""The item that says who may migrate, what is under way, and what was done: the lock and the history in one.

The lock is a lease with a fencing token. Who takes it over writes this item and every segment's (`segments`), and each
write of a run is in one transaction with its segment's: so an old holder can't write, whatever its clock says.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from grail.errors import GrailError
from grail.migrate.cell import Cell, FencedError
from grail.migrate.layout import Layout
from grail.migrate.migration import Entry, Migration
from grail.migrate.run import Run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE_SECONDS = 30
_ITEM = "LEDGER"
_KEPT = 100
"""How many runs the history has beside the last of each version: with them, it must fit one item of 400 KB."""


class Ledger:
    """The item. `now` returns the Unix time. `keep` is safe to call from several threads."""

    def __init__(
        self, dynamodb: "DynamoDBClient", layout: Layout, *, who: str, now: Callable[[], float] = time.time
    ) -> None:
        self._cell = Cell(dynamodb, layout, _ITEM)
        self._who = who
        self._now = now
        self._alone = threading.Lock()
        self._state: dict[str, Any] = {}

    def read(self) -> None:
        """See how things are."""
        self._state = self._cell.read()

    @property
    def run(self) -> Run | None:
        """What is under way."""
        found = self._state.get("run")
        return None if found is None else Run(**found)

    @property
    def history(self) -> list[Run]:
        """What was done, oldest first: the last run of each version, and the latest of the others."""
        return [Run(**done) for done in self._state.get("history", ())]

    @property
    def applied(self) -> dict[int, Entry]:
        """The migrations whose last run was up, by version."""
        last = {run.entry.number: run for run in self.history}
        return {number: run.entry for number, run in sorted(last.items()) if run.direction == "up"}

    @property
    def settled(self) -> dict[int, Entry]:
        """Those of the applied that can't change any more: one that is half rolled back may have to be mended."""
        run = self.run
        return {number: entry for number, entry in self.applied.items() if run is None or number != run.entry.number}

    @property
    def token(self) -> int:
        """How often the lock was taken."""
        return int(self._state.get("token", 0))

    @property
    def held_by(self) -> str | None:
        """Who has the lock, and how long they have it if they don't renew it; None where nobody has."""
        left = float(self._state.get("lease_until", 0)) - self._now()
        return f"{self._state['owner']}, for {left:.0f} s more" if left > 0 else None

    def acquire(self, *, by_force: bool = False) -> None:
        """Take the lock. Raises GrailError where somebody has it, FencedError where somebody was faster."""
        self.read()
        if self.held_by is not None and not by_force:
            message = (
                f"the lock is held by {self.held_by}, and longer if they are at work; if they are not: `migrate unlock`"
            )
            raise GrailError(message)
        self._write(token=self.token + 1, owner=self._who, lease_until=self._lease())

    def keep(self) -> None:
        """Renew the lease when a third of it is used. Raises FencedError."""
        with self._alone:
            if self._now() > self._state["lease_until"] - LEASE_SECONDS * 2 / 3:
                self._write(lease_until=self._lease())

    def release(self) -> None:
        """Give the lock back; that somebody else has it by now is fine."""
        try:
            self._write(lease_until=0)
        except FencedError:
            return

    def begin(self, migration: Migration, direction: str, *, segments: int) -> Run:
        """Say what is under way from now on. Raises FencedError."""
        run = Run(migration.name, migration.checksum, direction, segments, self.token, self._who, self._time())
        self._write(run=asdict(run))
        return run

    def advance(self, run: Run) -> None:
        """Say how far it is. Raises FencedError."""
        self._write(run=asdict(run))

    def finish(self, run: Run) -> Run:
        """Say that it is done; that it changed nothing of what was applied before is no history. Raises FencedError."""
        run = replace(run, finished_at=self._time())
        is_again = run.direction == "up" and self.applied.get(run.entry.number) == run.entry
        history = self.history if is_again and not run.counts.get("written") else _kept([*self.history, run])
        self._write(run=None, history=[asdict(done) for done in history])
        return run

    def _write(self, **changes: Any) -> None:  # noqa: ANN401 - plain values
        state = {**self._state, **changes}
        self._cell.write(state)
        self._state = state

    def _lease(self) -> int:
        return round(self._now() + LEASE_SECONDS)

    def _time(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _kept(history: list[Run]) -> list[Run]:
    last = {run.entry.number: place for place, run in enumerate(history)}
    others = [place for place in range(len(history)) if place not in last.values()]
    return [history[place] for place in sorted([*last.values(), *others[-_KEPT:]])]
