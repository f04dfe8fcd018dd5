"""Several migrations, one after the other, and somebody who watches: what each will take, how far it is, what came."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from grail.errors import GrailError
from grail.migrate import report
from grail.migrate.change import UP
from grail.migrate.engine import Engine
from grail.migrate.estimate import estimate
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry
from grail.migrate.pace import Pace
from grail.migrate.stage import Stage
from grail.progress import Progress

Choose = Callable[[], list[Entry]]
"""Returns which migrations, in order, as the store and the ledger are by now."""


@dataclass(frozen=True)
class Limits:
    """How many segments are walked at once, and how many capacity units a second may be used; None: any number."""

    segments: int
    most_units: float | None = None


def perform(stage: Stage, ledger: Ledger, choose: Choose, direction: str, *, limits: Limits, is_edited: bool) -> None:
    """Migrate, with the lock, unless one of them can't be done. Raises GrailError for the first that fails."""
    entries = choose()
    migrations = [stage.store.fetch(entry) for entry in entries]
    wanted = [(migration, stage.change(migration, direction)) for migration in migrations]
    pace = Pace(most=limits.most_units, keep=ledger.keep)
    engine = Engine(stage.dynamodb, stage.layout, ledger, pace=pace, segments=limits.segments)
    with _stoppable(), engine.locked():
        if choose() != entries:
            message = "somebody else pushed or migrated just now; run it again"
            raise GrailError(message)
        for migration, change in wanted:
            if direction == UP and migration.number in ledger.applied and not change.repeatable:
                continue
            guess = estimate(stage.dynamodb, change, segments=limits.segments, most_units=limits.most_units, sample=0)
            print(f"{migration.name}: {guess.described()}", file=sys.stderr, flush=True)
            with Progress("migrated", guess.items) as progress:
                outcome = engine.perform(
                    migration,
                    direction,
                    change,
                    tell=lambda done, bar=progress: bar.tell(done, f"{pace.units:,.0f} units"),  # type: ignore[misc]
                    is_edited=is_edited,
                )
            for line in report.aside_lines(outcome.aside):
                print(line, file=sys.stderr)
            print(report.outcome_line(outcome))
    if not wanted:
        print("there is nothing to do", file=sys.stderr)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Say, if it is cut short, that it can go on."""
    try:
        yield
    except KeyboardInterrupt:
        print("stopped: what is done is kept; run it again for the rest", file=sys.stderr)
        raise
