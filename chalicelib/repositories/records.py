"""Entities of one kind in the one table: found by id, listed by time of creation, changed by version."""

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from chalicelib.errors import ConflictError, KeyReusedError, NotFoundError, StaleVersionError
from chalicelib.models.entity import SCHEMA, E, Made, Slice
from chalicelib.repositories import keys, schema_versions
from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import (
    DELETED,
    VERSION,
    Alive,
    Check,
    ConditionFailedError,
    Item,
    Put,
    Table,
    Update,
)

TOMBSTONE_LIFE = timedelta(days=1)
"""How long a deleted thing still answers for the Idempotency-Key it was made with."""
ATTEMPTS = 6
"""How often a change without If-Match is tried before a lost race is the caller's."""
_FIRST_PAUSE = 0.01

Versions = frozenset[int] | None
"""The versions a caller's change is good for; None: any."""

T = TypeVar("T")


OWNER = "owner"
_LEFT = ("pk", "sk", "type", "id", OWNER, SCHEMA, "created_at", "request_hash")


def owned_by(owner: str | None) -> dict[str, str]:
    """Return what an item must have to be an owner's; None: anyone's."""
    return {} if owner is None else {OWNER: owner}


class LostRaceError(Exception):
    """Somebody else wrote between our read and our write."""


def persist(work: Callable[[], T], *, sleep: Callable[[float], None] = time.sleep) -> T:
    """Do the work, anew after each lost race. Raises ConflictError after too many."""
    for attempt in range(ATTEMPTS):
        try:
            return work()
        except LostRaceError:
            # A step aside: those who lost it together must not meet again.
            sleep(random.uniform(0, _FIRST_PAUSE * 2**attempt))  # noqa: S311 - jitter
    message = "Others keep changing it; try again."
    raise ConflictError(message)


class Records(Generic[E]):
    """The entities of one kind."""

    def __init__(
        self,
        table: Table,
        model: type[E],
        *,
        key: Callable[[str], Key],
        listed_as: str = "",
        shards: int = 1,
        by_owner: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._model = model
        self._key = key
        self._listed_as = listed_as
        self._shards = shards
        self._by_owner = by_owner
        self._sleep = sleep

    def get(self, identifier: str, *, owner: str | None = None) -> E:
        """Return one. Raises NotFoundError, also for what is not the given owner's (None: anyone's)."""
        item = self._table.get(self._key(identifier))
        self._raise_unless_there(identifier, item, owner)
        return self._load(item or {})

    def add(self, entity: E, *also: Put | Check) -> Made[E]:
        """Add one, and do the other writes or neither; or return the one that an earlier request with the key added.

        Raises KeyReusedError where that had another body, ConflictError where the thing was deleted since,
        ConditionFailedError where another write (counted from 1) found not what it expected.
        """
        try:
            self._insert(entity, *also)
        except ConditionFailedError as failed:
            if failed.index or failed.item is None:
                raise
            return self._replay(failed.item, entity.request_hash)
        return Made(entity)

    def replace(
        self, identifier: str, fields: Mapping[str, Any], *, expected: Versions, owner: str | None = None, at: datetime
    ) -> E:
        """Set every field. Raises NotFoundError, StaleVersionError, ConflictError."""
        return self._guarded(identifier, lambda _: dict(fields), expected=expected, owner=owner, at=at, blind=True)

    def change(
        self, identifier: str, patch: Mapping[str, Any], *, expected: Versions, owner: str | None = None, at: datetime
    ) -> E:
        """Apply a merge patch (RFC 7396). Raises NotFoundError, StaleVersionError, ConflictError.

        One write where `expected` is given and the patch reaches into no object, else a read before it.
        """
        nested = [name for name, value in patch.items() if isinstance(value, dict)]

        def merged(current: E | None) -> dict[str, Any]:
            stored = current.model_dump(mode="json", include=set(nested)) if current else {}
            return {**patch, **{name: _merge(stored[name], patch[name]) for name in nested}}

        return self._guarded(identifier, merged, expected=expected, owner=owner, at=at, blind=not nested)

    def delete(self, identifier: str, *, expected: Versions, owner: str | None = None, at: datetime) -> None:
        """Leave a tombstone. Raises NotFoundError, StaleVersionError, ConflictError."""

        def attempt() -> None:
            entity = self.get(identifier, owner=owner)
            if expected is not None and entity.version not in expected:
                raise StaleVersionError
            try:
                self._bury(entity, self._tombstone(entity, at))
            except ConditionFailedError as failed:
                raise LostRaceError from failed

        persist(attempt, sleep=self._sleep)

    def page(self, *, limit: int, after: str | None, owner: str | None = None) -> Slice[E]:
        """Return a part of the list of all, or of what the owner has, oldest first, from behind `after`."""
        if owner is not None:
            return self._slice(keys.BY_OWNER, [keys.owned(self._listed_as, owner)], limit=limit, after=after)
        partitions = [keys.shard(self._listed_as, number) for number in range(self._shards)]
        return self._slice(keys.BY_LIST, partitions, limit=limit, after=after)

    def _slice(self, index: str, partitions: list[str], *, limit: int, after: str | None) -> Slice[E]:
        found = self._items(index, partitions, limit=limit, after=after)
        return Slice([self._load(item) for item in found.items], found.position)

    def _items(self, index: str, partitions: list[str], *, limit: int, after: str | None) -> Slice[Item]:
        """Merge the partitions' first items; one more than asked for tells whether more follow."""
        _, sort_key = keys.INDEXES[index]
        found = [
            item
            for partition in partitions
            for item in self._table.query(index, partition, after=after, limit=limit + 1)
        ]
        found.sort(key=lambda item: item[sort_key])
        items = found[:limit]
        position = items[-1][sort_key] if len(found) > limit else None
        return Slice(items, position)

    def _guarded(
        self,
        identifier: str,
        changes: Callable[[E | None], dict[str, Any]],
        *,
        expected: Versions,
        owner: str | None,
        at: datetime,
        blind: bool,
    ) -> E:
        """Write changes on the condition of a version: the caller's (unread, if they are `blind`), or the one read."""
        if expected is not None and blind:
            return self._update(identifier, changes(None), _mine(owner, expected), at)

        def attempt() -> E:
            current = self.get(identifier, owner=owner)
            if expected is not None and current.version not in expected:
                raise StaleVersionError
            try:
                return self._update(identifier, changes(current), _mine(owner, frozenset({current.version})), at)
            except StaleVersionError as stale:
                raise LostRaceError from stale

        return persist(attempt, sleep=self._sleep)

    # What a kind may do its own way:

    def _lists(self, entity: E) -> dict[str, str]:
        """Return the index partitions it belongs to."""
        if not self._listed_as:
            return {}
        shard = keys.shard_of(entity.id, self._shards) if self._shards > 1 else 0
        lists = {keys.BY_LIST: keys.shard(self._listed_as, shard)}
        return {**lists, keys.BY_OWNER: keys.owned(self._listed_as, entity.owner)} if self._by_owner else lists

    def _insert(self, entity: E, *also: Put | Check) -> None:
        """Write a new one; its own write comes first."""
        if also:
            self._table.transact([Put(self._item(entity)), *also])
        else:
            self._table.write(Put(self._item(entity)))

    def _update(self, identifier: str, changes: Mapping[str, Any], expected: Alive, at: datetime) -> E:
        """Write changed fields; None removes one."""
        try:
            return self._load(self._write(self._update_of(identifier, changes, expected, at)))
        except ConditionFailedError as failed:
            self._raise_unless_there(identifier, failed.item, expected.equals.get(OWNER))
            raise StaleVersionError from failed

    def _bury(self, entity: E, tombstone: Item) -> None:
        """Write the tombstone."""
        self._table.write(Put(tombstone, Alive(frozenset({entity.version}))))

    # What it is made of:

    def _update_of(self, identifier: str, changes: Mapping[str, Any], expected: Alive, at: datetime) -> Update:
        assign = {name: value for name, value in changes.items() if value is not None}
        removed = [name for name, value in changes.items() if value is None]
        return Update(self._key(identifier), {**assign, "updated_at": _text(at)}, removed, expected)

    def _write(self, update: Update) -> Item:
        """Change an item and return it whole; it is then of this code's schema version, whichever it was."""
        return schema_versions.write(update, model=self._model, send=self._table.write)

    def _apply(self, update: Update) -> None:
        """Change an item, where it is not wanted."""
        schema_versions.write(update, model=self._model, send=self._table.apply)

    def _place(self, entity: E) -> Item:
        key = self._key(entity.id)
        return {"pk": key.pk, "sk": key.sk, "type": entity.KIND, SCHEMA: self._model.current_schema()}

    def _item(self, entity: E) -> Item:
        item = {**entity.model_dump(mode="json", exclude_none=True), **self._place(entity)}
        lists = self._lists(entity)
        if lists:
            position = keys.position(entity.created_at, entity.id)
            for index, partition in lists.items():
                hash_key, sort_key = keys.INDEXES[index]
                item[hash_key] = partition
                item[sort_key] = position
        return item

    def _tombstone(self, entity: E, at: datetime) -> Item:
        return tombstone({**entity.model_dump(mode="json", exclude_none=True), **self._place(entity)}, at)

    def _load(self, item: Item) -> E:
        return self._model.model_validate(self._model.upgraded(item))

    def _replay(self, item: Item, request_hash: str | None) -> Made[E]:
        if item.get("request_hash") != request_hash:
            message = "This Idempotency-Key was used before, with another body."
            raise KeyReusedError(message)
        if DELETED in item:
            message = f"The {self._model.KIND} that was made with this Idempotency-Key has been deleted since."
            raise ConflictError(message)
        return Made(self._load(item), replayed=True)

    def _raise_unless_there(self, identifier: str, item: Item | None, owner: str | None) -> None:
        """Raise NotFoundError unless the item is alive, and the owner's: what is somebody else's looks like nothing."""
        if item is None or DELETED in item or owner not in {None, item[OWNER]}:
            raise NotFoundError(self._model.KIND, identifier)


def tombstone(item: Item, at: datetime) -> Item:
    """Return what is left of an item that is deleted."""
    return {
        **{name: item[name] for name in _LEFT if name in item},
        VERSION: item[VERSION] + 1,
        "updated_at": _text(at),
        DELETED: True,
        keys.TTL: int((at + TOMBSTONE_LIFE).timestamp()),
    }


def _merge(target: Any, patch: Any) -> Any:  # noqa: ANN401 - any JSON value
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge(result.get(name), value)
    return result


def _text(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _mine(owner: str | None, versions: frozenset[int]) -> Alive:
    return Alive(versions, owned_by(owner))
