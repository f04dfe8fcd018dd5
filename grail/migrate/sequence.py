"""Whether migrations make one sequence, and the one that was applied. Raises GrailError, by name, where not."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

from grail.errors import GrailError
from grail.migrate.migration import Entry, Migration


def check(entries: Sequence[Entry], *, applied: Mapping[int, Entry]) -> None:
    """Refuse a version that is there twice or missing, and what differs from what was applied under its version."""
    for first, second in itertools.pairwise(sorted(entries)):
        if first.number == second.number:
            message = f"version {first.number:04} is there twice: {first.name}.py and {second.name}.py"
            raise GrailError(message)
    numbers = {entry.number: entry for entry in entries}
    by_checksum = {entry.checksum: entry for entry in entries}
    for number in range(1, max([*numbers, *applied], default=0) + 1):
        was, now = applied.get(number), numbers.get(number)
        if was is not None and now != was:
            _refuse(was, now, by_checksum.get(was.checksum))
        if now is None:
            message = f"version {number:04} is missing: the versions must be 0001, 0002 and so on, without a gap"
            raise GrailError(message)


def check_schemas(migrations: Sequence[Migration]) -> None:
    """Refuse a schema version that is not above the one that an earlier migration brings the same type to.

    It would find nothing to do; and rolled back, it would undo what the earlier one did.
    """
    reached: dict[str | None, tuple[int, str]] = {}
    for migration in sorted(migrations, key=lambda migration: migration.number):
        kind, wanted = migration.selection.type, migration.schema_version
        if wanted is None:
            continue
        before, name = reached.get(kind, (0, ""))
        if wanted <= before:
            message = (
                f"{migration.name}.py brings {kind} to schema version {wanted}, "
                f"and {name}.py before it to {before} already"
            )
            raise GrailError(message)
        reached[kind] = wanted, migration.name


def merged(stored: Iterable[Entry], local: Iterable[Entry]) -> list[Entry]:
    """Return the list with local files in it; one of the same name takes the place of the store's."""
    return sorted(({entry.name: entry for entry in stored} | {entry.name: entry for entry in local}).values())


def _refuse(was: Entry, now: Entry | None, moved: Entry | None) -> None:
    if moved is not None and moved.number != was.number:
        message = f"{moved.name}.py was applied as {was.name}: the order of what was applied can't change"
    elif now is None:
        message = f"{was.name}.py was applied (checksum {was.checksum}) and is missing"
    elif now.name != was.name and now.checksum == was.checksum:
        message = f"{now.name}.py was applied as {was.name}.py: give it that name again"
    elif now.name != was.name:
        message = f"{was.name}.py was applied as version {was.number:04}, where {now.name}.py is now"
    else:
        message = (
            f"{was.name}.py was edited after it was applied: its checksum was {was.checksum} and is {now.checksum}; "
            "undo the edit, and change the data by a new migration"
        )
    raise GrailError(message)
