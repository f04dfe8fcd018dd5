"""Writes at a schema version: whatever an item was before, it is then of this code's."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from chalicelib.models.entity import SCHEMA, Entity
from chalicelib.repositories.table import VERSION, ConditionFailedError, Item, Update, meets

T = TypeVar("T")


def write(update: Update, *, model: type[Entity], send: Callable[[Update], T]) -> T:
    """Send an update once where the item is of this code's schema version; else again, with what makes it so.

    Raises ConditionFailedError where the item is not what the update expects.
    """
    expected, schema = update.expected, model.current_schema()
    pinned = replace(update, expected=replace(expected, equals={**expected.equals, SCHEMA: schema}))
    attempt = pinned
    while True:
        try:
            return send(attempt)
        except ConditionFailedError as failed:
            if failed.item is None or not meets(failed.item, expected, now=0):
                raise
            attempt = pinned if failed.item.get(SCHEMA) == schema else carried(update, failed.item, model=model)


def carried(update: Update, item: Item, *, model: type[Entity]) -> Update:
    """Return an update of this very item that brings it to this code's schema version too.

    Of a later one, what this code doesn't know stays; it is of this code's version nonetheless, so that whoever reads
    it next upgrades it, with what is changed here.
    """
    upgraded = model.upgraded(item)
    brought = {name: value for name, value in upgraded.items() if name not in item or item[name] != value}
    gone = [name for name in item if name not in upgraded]
    assign = {**brought, **update.assign, SCHEMA: model.current_schema()}
    kept = [name for name in update.remove if name not in gone]
    assign = {name: value for name, value in assign.items() if name not in kept}
    removed = [name for name in [*gone, *kept] if name not in assign]
    return Update(update.key, assign, removed, replace(update.expected, versions=frozenset({item[VERSION]})))
