"""Documents: announced through the API, uploaded to S3 and downloaded from there, removed with their person."""

from datetime import datetime, timedelta

from chalicelib.errors import ConflictError, NotFoundError
from chalicelib.models.caller import Caller
from chalicelib.models.documents import Document, DocumentNew, Download, Status, Upload
from chalicelib.models.entity import Made, Once, Slice
from chalicelib.models.events import ObjectStored
from chalicelib.repositories.documents import Documents as DocumentRepository
from chalicelib.repositories.objects import DOCUMENTS, Objects
from chalicelib.repositories.people import People
from chalicelib.repositories.records import Versions
from chalicelib.services.service import Clock, NewId, begin

LINK_SECONDS = 15 * 60
"""How long a form or a link is good."""
FORM_LIFE = timedelta(days=1)
"""How long after the announcement a form may be had again, with the same Idempotency-Key."""
UPLOAD_LIFE = FORM_LIFE + timedelta(days=2)
"""How long a document waits for its upload: EventBridge may take 24 hours to tell of it."""


class Documents:
    """The documents of all people."""

    def __init__(
        self, documents: DocumentRepository, people: People, objects: Objects, *, now: Clock, new_id: NewId
    ) -> None:
        self._documents = documents
        self._people = people
        self._objects = objects
        self._now = now
        self._new_id = new_id

    def create(self, person_id: str, body: DocumentNew, *, once: Once | None, caller: Caller) -> Made[Document]:
        """Announce a document, and return it with the form that uploads it.

        Raises NotFoundError for the person, KeyReusedError, ConflictError.
        """
        at = self._now()
        stamps = begin(Document, at=at, caller=caller, new_id=self._new_id, once=once)
        document = Document(
            **body.model_dump(),
            **stamps,
            person_id=person_id,
            status=Status.AWAITING_UPLOAD,
            object_key=f"{DOCUMENTS}{person_id}/{stamps['id']}/{self._new_id()}",
            ttl=int((at + UPLOAD_LIFE).timestamp()),
        )
        made = self._documents.place(document, person_owner=caller.confined_to)
        document = made.entity
        if document.status == Status.STORED:
            return Made(self._with_link(document), replayed=True)
        if at > document.created_at + FORM_LIFE:
            message = "The document that was made with this Idempotency-Key was not uploaded in time."
            raise ConflictError(message)
        return Made(self._with_form(document), replayed=made.replayed)

    def get(self, person_id: str, document_id: str, *, caller: Caller) -> Document:
        """Return a document, with a link where it is stored; who may read it gets no form. Raises NotFoundError."""
        document = self._find(person_id, document_id, caller)
        return self._with_link(document) if document.status == Status.STORED else document

    def of_person(self, person_id: str, *, limit: int, after: str | None, caller: Caller) -> Slice[Document]:
        """Return a part of a person's documents. Raises NotFoundError for the person."""
        self._people.get(person_id, owner=caller.confined_to)
        return self._documents.of_person(person_id, limit=limit, after=after, owner=caller.confined_to)

    def delete(self, person_id: str, document_id: str, *, expected: Versions, caller: Caller) -> None:
        """Delete a document; its object goes when the table's stream tells. Raises NotFoundError, StaleVersionError."""
        self._find(person_id, document_id, caller)
        self._documents.delete(document_id, expected=expected, owner=caller.confined_to, at=self._now())

    def store(self, stored: ObjectStored) -> Document | None:
        """Take note of an upload; None where no document waits for it, or has another, and so it goes."""
        try:
            return self._documents.mark_stored(stored.key.split("/")[-2], stored, at=self._now())
        except NotFoundError:
            self._objects.delete(stored.key, version=stored.version)
            return None

    def discard(self, object_key: str, *, version: str | None) -> None:
        """Remove an object that no document has any more."""
        self._objects.delete(object_key, version=version)

    def clear(self, person_id: str, *, latest: datetime, limit: int) -> int:
        """Remove up to `limit` documents of a time or before, of a person who is gone; return how many there were."""
        return self._documents.clear(person_id, latest=latest, limit=limit, at=self._now())

    def _find(self, person_id: str, document_id: str, caller: Caller) -> Document:
        document = self._documents.get(document_id, owner=caller.confined_to)
        if document.person_id != person_id:
            raise NotFoundError(Document.KIND, document_id)
        return document

    def _with_link(self, document: Document) -> Document:
        url = self._objects.download_link(
            document.object_key, version=document.object_version, filename=document.filename, seconds=LINK_SECONDS
        )
        return document.model_copy(update={"download": Download(url=url, expires_at=self._link_ends())})

    def _with_form(self, document: Document) -> Document:
        url, fields = self._objects.upload_form(
            document.object_key, content_type=document.content_type, size=document.size, seconds=LINK_SECONDS
        )
        return document.model_copy(update={"upload": Upload(url=url, fields=fields, expires_at=self._link_ends())})

    def _link_ends(self) -> datetime:
        return self._now() + timedelta(seconds=LINK_SECONDS)
