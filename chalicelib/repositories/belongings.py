"""What hangs on people, in the table: added if the person is there, listed by person, removed with the person."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.errors import NotFoundError
from chalicelib.models.entity import B, Made, Slice
from chalicelib.repositories import keys
from chalicelib.repositories.keys import Key
from chalicelib.repositories.records import Records, owned_by, tombstone
from chalicelib.repositories.table import VERSION, Alive, Check, ConditionFailedError, Put, Table


class Belongings(Records[B]):
    """The entities of one kind that hang on people; `list_of` names the list of a person's."""

    def __init__(
        self,
        table: Table,
        model: type[B],
        *,
        key: Callable[[str], Key],
        list_of: Callable[[str], str],
        shards: int = 1,
    ) -> None:
        super().__init__(table, model, key=key, shards=shards)
        self._list_of = list_of

    def place(self, entity: B, *, person_owner: str | None) -> Made[B]:
        """Add one if the person is there, and the given owner's (None: anyone's).

        Raises NotFoundError for the person, KeyReusedError, ConflictError.
        """
        person = Alive(equals=owned_by(person_owner))
        try:
            return self.add(entity, Check(keys.person(entity.person_id), person))
        except ConditionFailedError as failed:
            kind = "person"
            raise NotFoundError(kind, entity.person_id) from failed

    def of_person(self, person_id: str, *, limit: int, after: str | None, owner: str | None) -> Slice[B]:
        """Return a part of a person's, or of the owner's among them. A person who isn't there has none."""
        partition = self._list_of(person_id)
        if owner is not None:
            return self._slice(keys.BY_OWNER, [keys.owned(partition, owner)], limit=limit, after=after)
        return self._slice(keys.BY_LIST, [partition], limit=limit, after=after)

    def clear(self, person_id: str, *, latest: datetime, limit: int, at: datetime) -> int:
        """Delete up to `limit` of a person's that were made at a time or before, and return how many there were.

        One that changes meanwhile stays. What can't be read goes too.
        """
        end = keys.end(latest)
        found = self._items(keys.BY_LIST, [self._list_of(person_id)], limit=limit, after=None).items
        old = [item for item in found if item[keys.INDEXES[keys.BY_LIST][1]] <= end]
        for item in old:
            try:
                self._table.apply(Put(tombstone(item, at), Alive(frozenset({item[VERSION]}))))
            except ConditionFailedError:
                continue
        return len(old)

    def _lists(self, entity: B) -> dict[str, str]:
        partition = self._list_of(entity.person_id)
        return {keys.BY_LIST: partition, keys.BY_OWNER: keys.owned(partition, entity.owner)}
