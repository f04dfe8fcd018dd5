"""Documents in the table: announced, then stored; one that is never uploaded goes by its TTL."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.errors import NotFoundError
from chalicelib.models.documents import Document, Status
from chalicelib.models.entity import Slice
from chalicelib.models.events import ObjectStored
from chalicelib.repositories import keys
from chalicelib.repositories.belongings import Belongings
from chalicelib.repositories.table import Alive, ConditionFailedError, Item, Table


class Documents(Belongings[Document]):
    """The documents of all people. `now` returns the Unix time by which one that was never uploaded is gone."""

    def __init__(self, table: Table, *, now: Callable[[], float]) -> None:
        super().__init__(table, Document, key=keys.document, list_of=keys.documents_of)
        self._now = now

    def get(self, identifier: str, *, owner: str | None = None) -> Document:
        """Return one. Raises NotFoundError, also for one that was never uploaded in its time."""
        document = super().get(identifier, owner=owner)
        if self._is_past(document):
            raise NotFoundError(Document.KIND, identifier)
        return document

    def of_person(self, person_id: str, *, limit: int, after: str | None, owner: str | None) -> Slice[Document]:
        """Return a part of a person's; it may have fewer than `limit` though more follow."""
        part = super().of_person(person_id, limit=limit, after=after, owner=owner)
        return Slice([document for document in part.items if not self._is_past(document)], part.position)

    def mark_stored(self, document_id: str, stored: ObjectStored, *, at: datetime) -> Document:
        """Say that a document was uploaded, in one write; the first upload that is told of is the one, for good.

        Raises NotFoundError where the document is not there, or is of another object, or of another version of it.
        """
        changes = {
            "status": Status.STORED,
            "size": stored.size,
            "md5": stored.md5,
            "object_version": stored.version,
            "ttl": None,
        }
        awaited = Alive(equals={"object_key": stored.key, "status": Status.AWAITING_UPLOAD})
        try:
            return self._load(self._write(self._update_of(document_id, changes, awaited, at)))
        except ConditionFailedError as failed:
            self._raise_unless_there(document_id, failed.item, None)
            item: Item = failed.item or {}
            if (item["object_key"], item.get("object_version")) != (stored.key, stored.version):
                raise NotFoundError(Document.KIND, document_id) from failed
            return self._load(item)

    def _is_past(self, document: Document) -> bool:
        return document.ttl is not None and document.ttl <= self._now()
