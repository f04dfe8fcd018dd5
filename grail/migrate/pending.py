"""Which migrations come next, in which direction. Raises GrailError for versions that can't be."""

from collections.abc import Sequence

from grail.errors import GrailError
from grail.migrate.change import DOWN
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry


def to_apply(entries: Sequence[Entry], ledger: Ledger, *, to: int | None, again: bool = False) -> list[Entry]:
    """Return those to apply, in order: what is not applied, or all of it `again`, up to a version."""
    _check(to, [entry.number for entry in entries])
    applied = () if again else ledger.applied
    return [entry for entry in entries if entry.number not in applied and entry.number <= _top(to, entries)]


def to_roll_back(ledger: Ledger, *, to: int | None, edited: Sequence[Entry] = ()) -> list[Entry]:
    """Return those to roll back, the newest first: the last one, or all above a version (0: all).

    One that is half applied, or half rolled back, comes first, as it began, or as it is among the `edited`.
    """
    run = ledger.run
    there = dict(ledger.applied)
    if run is not None:
        there[run.entry.number] = next((entry for entry in edited if entry.name == run.name), run.entry)
    newest = sorted(there.values(), reverse=True)
    if to is None:
        return newest[:1]
    _check(to, [0, *there])
    return [entry for entry in newest if entry.number > to]


def state_of(entry: Entry, ledger: Ledger) -> str:
    """Return how things stand with a migration, in words."""
    run = ledger.run
    if run is not None and run.name == entry.name:
        return "half rolled back" if run.direction == DOWN else "half applied"
    if entry.number in ledger.applied:
        return "applied"
    return "rolled back" if any(run.name == entry.name for run in ledger.history) else "pending"


def _top(to: int | None, entries: Sequence[Entry]) -> int:
    return max((entry.number for entry in entries), default=0) if to is None else to


def _check(to: int | None, versions: Sequence[int]) -> None:
    if to is not None and to not in versions:
        message = f"there is no version {to}: " + (f"{min(versions)} to {max(versions)}" if versions else "none at all")
        raise GrailError(message)
