"""What a run does to one item: whether it is meant, and what becomes of it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grail.errors import GrailError
from grail.migrate import values
from grail.migrate.layout import OWN, Layout, Raw
from grail.migrate.migration import Migration, Selection, Step

Upgrades = Mapping[str, Sequence[Step]]
"""For each type the functions from schema version 1 to 2, from 2 to 3, and so on."""
UP, DOWN = "up", "down"
LONGEST_REASON = 200
"""Characters: each batch writes all reasons of its segment anew."""


class ItemError(Exception):
    """An item that can't be migrated, and why, in one line."""


@dataclass(frozen=True)
class Change:
    """One direction of a migration. `below`, `above`: the schema versions that an item must have, in between."""

    layout: Layout
    selection: Selection
    step: Step
    below: int | None = None
    above: int | None = None
    repeatable: bool = field(default=False)
    """Whether an item itself tells if it is done, so that a walk can be made again and finds nothing."""

    @property
    def filter(self) -> dict[str, Any]:
        """The Scan's parameters that find the items that are meant."""
        names, found = {"#hash": self.layout.key[0]}, {":own": {"S": OWN}}
        terms = ["NOT begins_with(#hash, :own)"]
        if self.selection.prefix:
            found[":prefix"] = {"S": self.selection.prefix}
            terms.append("begins_with(#hash, :prefix)")
        if self.selection.type is not None:
            names["#type"], found[":type"] = str(self.layout.type), {"S": self.selection.type}
            terms.append("#type = :type")
        if self.layout.tombstone is not None:
            names["#tombstone"] = self.layout.tombstone
            terms.append("attribute_not_exists(#tombstone)")
        if self.below is not None:
            names["#schema"], found[":below"] = str(self.layout.schema_version), {"N": str(self.below)}
            terms.append("(attribute_not_exists(#schema) OR #schema < :below)")
        if self.above is not None:
            names["#schema"], found[":above"] = str(self.layout.schema_version), {"N": str(self.above)}
            terms.append("#schema > :above")
        return {
            "FilterExpression": " AND ".join(terms),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": found,
        }

    def means(self, item: Raw) -> bool:
        """Tell in Python what the filter tells in the table."""
        layout = self.layout
        hashed = next(iter(item[layout.key[0]].values()))
        if str(hashed).startswith(OWN) or not str(hashed).startswith(self.selection.prefix or ""):
            return False
        if self.selection.type is not None and item.get(str(layout.type)) != {"S": self.selection.type}:
            return False
        if layout.tombstone is not None and layout.tombstone in item:
            return False
        has = item.get(str(layout.schema_version))
        schema = None if has is None else float(has.get("N", 0))
        if self.below is not None and schema is not None and schema >= self.below:
            return False
        return self.above is None or (schema is not None and schema > self.above)

    def of(self, item: Raw) -> dict[str, Any] | None:
        """Return what an item becomes, None where that is what it is. Raises ItemError."""
        try:
            after = values.stored(self.step(values.plain(item)), before=item)
        except (Exception, SystemExit) as error:  # one item's failure is not the others', nor the end of the process
            raise ItemError(f"{type(error).__name__}: {error}"[:LONGEST_REASON]) from error
        if any(after.get(name) != item[name] for name in self.layout.key):
            message = "it would change the item's key"
            raise ItemError(message)
        after.pop(self.layout.version, None)
        counted = item.get(self.layout.version)
        if counted is not None:
            after[self.layout.version] = counted
        if after == item:
            return None
        if counted is not None:
            after[self.layout.version] = {"N": str(int(counted["N"]) + 1)}
        return after


def of(migration: Migration, direction: str, *, layout: Layout, upgrades: Upgrades) -> Change:
    """Return what a migration does in a direction. Raises GrailError where it can't."""
    _check_names(migration, layout)
    wanted = migration.schema_version
    if direction == DOWN and migration.down is None:
        message = (
            f"{migration.name} has no down(item): it can't be rolled back. DynamoDB's point-in-time recovery can "
            "restore the table, as it was before, into a new one: aws dynamodb restore-table-to-point-in-time"
        )
        raise GrailError(message)
    if wanted is None:
        step = migration.up if direction == UP else migration.down
        assert step is not None  # noqa: S101 - a migration without a schema version has its own `up`
        return Change(layout, migration.selection, step)
    if direction == DOWN:
        assert migration.down is not None  # noqa: S101 - checked above
        step = _back_from(wanted, migration.down, str(layout.schema_version))
        return Change(layout, migration.selection, step, above=wanted - 1, repeatable=True)
    steps = upgrades.get(str(migration.selection.type), ())
    if len(steps) < wanted - 1:
        message = (
            f"{migration.name} wants schema version {wanted} of {migration.selection.type}, and this checkout's models "
            f"know {len(steps) + 1}: pyproject.toml [tool.grail] `upgrades`"
        )
        raise GrailError(message)
    step = _up_to(wanted, steps, str(layout.schema_version))
    return Change(layout, migration.selection, step, below=wanted, repeatable=True)


def _check_names(migration: Migration, layout: Layout) -> None:
    wanted = {
        "type": migration.selection.type is not None and layout.type is None,
        "schema_version": migration.schema_version is not None and layout.schema_version is None,
    }
    for name, is_missing in wanted.items():
        if is_missing:
            message = f"{migration.name} goes by `{name}`, and the app's `table` names no such attribute"
            raise GrailError(message)


def _up_to(wanted: int, steps: Sequence[Step], attribute: str) -> Step:
    def step(item: dict[str, Any]) -> dict[str, Any]:
        for upgrade in steps[int(item.get(attribute, 1)) - 1 : wanted - 1]:
            item = upgrade(item)
        return {**item, attribute: wanted}

    return step


def _back_from(wanted: int, down: Step, attribute: str) -> Step:
    def step(item: dict[str, Any]) -> dict[str, Any]:
        if item[attribute] != wanted:
            message = f"it is at schema version {item[attribute]}, newer than this migration's {wanted}"
            raise ValueError(message)
        return {**down(item), attribute: wanted - 1}

    return step
