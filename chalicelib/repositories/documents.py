"""Documents in the table: announced, then stored; one that is never uploaded goes by its TTL."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.errors import ConflictError, NotFoundError
from chalicelib.models.documents import Document, Status
from chalicelib.models.entity import Made, Slice
from chalicelib.models.events import ObjectStored
from chalicelib.repositories import keys
from chalicelib.repositories.belongings import Belongings
from chalicelib.repositories.records import LostRaceError, persist
from chalicelib.repositories.table import Alive, ConditionFailedError, Item, Table

_LONGEST_SEQUENCER = 64


class Documents(Belongings[Document]):
    """The documents of all people. `now` returns the Unix time by which one that was never uploaded is gone."""

    def __init__(self, table: Table, *, now: Callable[[], float]) -> None:
        super().__init__(table, Document, key=keys.document, list_of=keys.documents_of)
        self._now = now

    def of_person(self, person_id: str, *, limit: int, after: str | None, owner: str | None) -> Slice[Document]:
        """Return a part of a person's; it may have fewer than `limit` though more follow."""
        part = super().of_person(person_id, limit=limit, after=after, owner=owner)
        return Slice([document for document in part.items if not self._is_past(document.ttl)], part.position)

    def mark_stored(self, document_id: str, stored: ObjectStored, *, at: datetime) -> Document:
        """Say that a document was uploaded: the latest of several uploads counts, whatever order they are told in.

        One write, where it is the first. Raises NotFoundError for one that is not there, or is of another object.
        """
        changes = {
            "status": Status.STORED,
            "size": stored.size,
            "md5": stored.md5,
            "sequencer": stored.sequencer,
            "ttl": None,
        }
        same_object = {"object_key": stored.key}
        condition = Alive(equals={**same_object, "status": Status.AWAITING_UPLOAD})

        def attempt() -> Document:
            nonlocal condition
            try:
                return self._load(self._table.write(self._update_of(document_id, changes, condition, at)))
            except ConditionFailedError as failed:
                self._raise_unless_there(document_id, failed.item, None)
                document = self._load(failed.item or {})
                if document.object_key != stored.key:
                    raise NotFoundError(Document.KIND, document_id) from failed
                if _place(document.sequencer) >= _place(stored.sequencer):
                    return document
                condition = Alive(frozenset({document.version}), same_object)
                raise LostRaceError from failed

        return persist(attempt, sleep=self._sleep)

    def _raise_unless_there(self, identifier: str, item: Item | None, owner: str | None) -> None:
        super()._raise_unless_there(identifier, item, owner)
        if item is not None and self._is_past(item.get(keys.TTL)):
            raise NotFoundError(Document.KIND, identifier)

    def _replay(self, item: Item, request_hash: str | None) -> Made[Document]:
        made = super()._replay(item, request_hash)
        if self._is_past(made.entity.ttl):
            message = "The document that was made with this Idempotency-Key was never uploaded, and is gone."
            raise ConflictError(message)
        return made

    def _is_past(self, ttl: int | None) -> bool:
        return ttl is not None and ttl <= self._now()


def _place(sequencer: str | None) -> str:
    """Return what sorts as S3 orders uploads: hexadecimal, filled up with zeros on the right."""
    return "" if sequencer is None else sequencer.ljust(_LONGEST_SEQUENCER, "0")
