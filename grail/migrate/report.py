"""What a person is told of migrations, as text or as JSON values."""

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from grail.errors import GrailError
from grail.migrate import pending
from grail.migrate.change import DOWN
from grail.migrate.engine import Outcome
from grail.migrate.estimate import Estimate
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Entry, Migration
from grail.migrate.segment import Progress
from grail.terminal import counted

_SHOWN = 10


def rows(entries: Sequence[Entry], ledger: Ledger) -> list[dict[str, Any]]:
    """Return how things stand with each migration."""
    last = {run.name: run for run in ledger.history}
    found = []
    for entry in entries:
        run = last.get(entry.name)
        done = {
            "at": run and run.finished_at,
            "by": run and run.who,
            "written": run and run.counts.get("written"),
        }
        state = pending.state_of(entry, ledger)
        found.append({"migration": entry.name, "state": state, **done, "checksum": entry.checksum[:12]})
    return found


def status(entries: Sequence[Entry], ledger: Ledger, progress: Sequence[Progress]) -> dict[str, Any]:
    """Return who has the lock, what is half done and how far it is, and what waits."""
    run = ledger.run
    half = run and {
        "migration": run.name,
        "direction": run.direction,
        "began": run.started_at,
        "written": run.counts.get("written", 0) + sum(each.written for each in progress),
        "aside": {key: reason for each in progress for key, reason in each.aside.items()},
    }
    waiting = [entry.name for entry in pending.to_apply(entries, ledger, to=None)]
    return {"lock": ledger.held_by, "half_done": half, "pending": waiting}


def status_text(found: Mapping[str, Any]) -> str:
    """Return a status for a person."""
    lines = [f"lock     {found['lock'] or 'free'}", f"pending  {', '.join(found['pending']) or 'none'}"]
    half = found["half_done"]
    if half is not None:
        so_far = f"{counted(half['written'], 'item')} written since {half['began']}"
        lines += [f"half     {half['migration']} {half['direction']}, {so_far}", *aside_lines(half["aside"])]
    return "\n".join(lines)


def plan(migration: Migration, guess: Estimate) -> str:
    """Return what would be done, and what becomes of some items."""
    samples = [_diff(before, after) for before, after in guess.sample]
    return "\n".join([f"{migration.name}: {migration.description}", guess.described(), *samples])


def aside_lines(aside: Mapping[str, str]) -> list[str]:
    """Return the first of the items that were set aside, and why."""
    lines = [f"set aside {key}: {reason}" for key, reason in list(aside.items())[:_SHOWN]]
    more = f"and {len(aside) - _SHOWN:,} more: `migrate status --json`"
    return [*lines, more] if len(aside) > _SHOWN else lines


def outcome_line(outcome: Outcome) -> str:
    """Return that a run is done. Raises GrailError where it is not, with what to do."""
    run = outcome.run
    done = "rolled back" if run.direction == DOWN else "applied"
    if outcome.is_done:
        return f"{run.name} {done}: {counted(run.counts.get('written', 0), 'item')} written"
    reason = f"{counted(len(outcome.aside), 'item')} set aside; mend the data or the code, and run it again"
    if not outcome.aside:
        reason = (
            f"{counted(outcome.restless, 'item')} written anew while it ran, by code of the other version; deploy, "
            "then run it again"
        )
    message = f"{run.name} is not {done}: {reason}"
    raise GrailError(message)


def verified(migration: Migration, found: Sequence[str]) -> str:
    """Return what `verify` found: the keys of items that are not what they shall be."""
    if not found:
        return f"{migration.name}: all items are at schema version {migration.schema_version}"
    heading = f"{migration.name}: {counted(len(found), 'item')} below schema version {migration.schema_version}"
    return "\n".join([heading, *(f"  {key}" for key in found[:_SHOWN])])


def _diff(before: Mapping[str, Any], after: Mapping[str, Any] | str) -> str:
    """Return what becomes of an item: all of it, what changes marked."""
    if isinstance(after, str):
        return f"would be set aside: {after}\n{_text(before)}"
    old, new = _text(before).splitlines(), _text(after).splitlines()
    return "\n".join(list(difflib.unified_diff(old, new, n=len(old), lineterm=""))[3:]) or _text(before)


def _text(item: Mapping[str, Any]) -> str:
    return json.dumps(item, indent=2, sort_keys=True, default=str, ensure_ascii=False)
