"""People in the table: each holds a claim on its email, so that no two have the same."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.errors import ConflictError, StaleVersionError
from chalicelib.models.people import Person
from chalicelib.repositories import keys, schema_versions
from chalicelib.repositories.records import OWNER, Records
from chalicelib.repositories.table import VERSION, Alive, Check, ConditionFailedError, Delete, Item, Put, Table, meets

_EMAIL_KEY = "email_key"


class People(Records[Person]):
    """The people."""

    def __init__(self, table: Table, *, shards: int) -> None:
        super().__init__(table, Person, key=keys.person, listed_as=keys.PEOPLE, shards=shards, by_owner=True)

    def _item(self, entity: Person) -> Item:
        return {**super()._item(entity), _EMAIL_KEY: entity.email_key}

    def _insert(self, entity: Person, *also: Put | Check) -> None:
        """Write the person and the claim, or neither. Raises ConflictError where the email is taken."""
        try:
            super()._insert(entity, _claim(entity.email_key, entity.id), *also)
        except ConditionFailedError as failed:
            if failed.index == 1:
                raise _taken() from failed
            raise

    def _update(self, identifier: str, changes: Mapping[str, Any], expected: Alive, at: datetime) -> Person:
        """Write changed fields: one write where the email stays (compared without case), else the claim moves too."""
        if "email" not in changes:
            return super()._update(identifier, changes, expected, at)
        email_key = changes["email"].casefold()
        changes = {**changes, _EMAIL_KEY: email_key}
        same_email = Alive(expected.versions, {**expected.equals, _EMAIL_KEY: email_key})
        try:
            return self._load(self._write(self._update_of(identifier, changes, same_email, at)))
        except ConditionFailedError as failed:
            if failed.item is None or not meets(failed.item, expected, now=at.timestamp()):
                self._raise_unless_there(identifier, failed.item, expected.equals.get(OWNER))
                raise StaleVersionError from failed
            return self._move_claim(failed.item, changes, at)

    def _move_claim(self, item: Item, changes: Mapping[str, Any], at: datetime) -> Person:
        person = self._load(item)
        update = self._update_of(person.id, changes, Alive(), at)
        update = schema_versions.carried(update, item, model=self._model)
        try:
            self._table.transact([update, _claim(changes[_EMAIL_KEY], person.id), _release(person)])
        except ConditionFailedError as failed:
            if failed.index == 1:
                raise _taken() from failed
            if failed.index == 0:
                self._raise_unless_there(person.id, failed.item, None)
            raise StaleVersionError from failed
        kept = {name: value for name, value in item.items() if name not in update.remove}
        return self._load({**kept, **update.assign, VERSION: person.version + 1})

    def _bury(self, entity: Person, tombstone: Item) -> None:
        """Write the tombstone and free the email."""
        self._table.transact([Put(tombstone, Alive(frozenset({entity.version}))), _release(entity)])


def _claim(email_key: str, person_id: str) -> Put:
    key = keys.email(email_key)
    return Put({"pk": key.pk, "sk": key.sk, "type": "email", "person_id": person_id})


def _release(person: Person) -> Delete:
    return Delete(keys.email(person.email_key), Alive(equals={"person_id": person.id}))


def _taken() -> ConflictError:
    return ConflictError("Another person has this email already.")
