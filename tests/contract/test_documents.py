"""Documents, on every implementation of the table."""

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.errors import ConflictError, KeyReusedError, NotFoundError, StaleVersionError
from chalicelib.models.caller import Caller
from chalicelib.models.documents import Document, DocumentNew
from chalicelib.models.entity import Once
from chalicelib.models.events import ObjectStored
from chalicelib.models.people import PersonNew
from chalicelib.repositories.table import Table
from chalicelib.services.documents import FORM_LIFE, UPLOAD_LIFE
from chalicelib.settings import Settings
from tests.contract.conftest import Clock
from tests.fakes import MemoryObjects, MemoryQueue

ALICE = Caller("alice")
BOB = Caller("bob", only_own=True)
"""May reach only what is theirs."""
NEW = DocumentNew(filename="tea.txt", content_type="text/plain", size=11)
LATER = datetime(2100, 1, 1, tzinfo=UTC)
LIFE = UPLOAD_LIFE.total_seconds()


@pytest.fixture
def objects() -> MemoryObjects:
    """Return the bucket."""
    return MemoryObjects()


@pytest.fixture
def services(table: Table, objects: MemoryObjects, clock: Clock) -> Services:
    """Return the services."""
    return bootstrap.build(
        Settings.read({}),
        table=table,
        queues=lambda _: MemoryQueue(),
        objects=objects,
        now=lambda: datetime.fromtimestamp(clock(), UTC),
    )


@pytest.fixture
def person(services: Services) -> str:
    """Return the id of a person."""
    body = PersonNew(name="a", email="a@example.com")
    return services.people.create(body, once=None, caller=ALICE).entity.id


def announce(services: Services, person: str, once: Once | None = None, caller: Caller = ALICE) -> Document:
    return services.documents.create(person, NEW, once=once, caller=caller).entity


def stored(document: Document, version: str | None = "01", size: int = 11) -> ObjectStored:
    return ObjectStored(key=document.object_key, size=size, md5=f"md5 of {version}", version=version)


def listed(services: Services, person: str, caller: Caller = ALICE) -> list[str]:
    part = services.documents.of_person(person, limit=100, after=None, caller=caller)
    return [document.id for document in part.items]


def test_an_announced_document_has_a_form(services: Services, person: str) -> None:
    """For its own key, type and size; and who only reads it gets none, nor a link."""
    document = announce(services, person)
    assert document.upload is not None
    assert document.upload.fields["key"] == document.object_key
    found = services.documents.get(person, document.id, caller=ALICE)
    assert found == document.model_copy(update={"upload": None})
    assert (found.status, found.version, found.download) == ("awaiting_upload", 1, None)
    assert listed(services, person) == [document.id]


def test_no_two_documents_have_one_object(services: Services, person: str) -> None:
    """Also where they have one id, one after the other."""
    keys = [announce(services, person).object_key for _ in range(2)]
    assert len(set(keys)) == 2
    assert all(key.startswith(f"documents/{person}/") for key in keys)


def test_nobody_has_a_document_who_is_not_there(services: Services, person: str) -> None:
    """Neither an unknown person nor a deleted one, and there is no document afterwards."""
    services.people.delete(person, expected=None, caller=ALICE)
    for identifier in (person, "nobody"):
        with pytest.raises(NotFoundError):
            announce(services, identifier, Once("document0", "hash"))
        with pytest.raises(NotFoundError):
            services.documents.get(identifier, "document0", caller=ALICE)


def test_a_key_makes_one_document(services: Services, person: str) -> None:
    """Again it is the same, with what it is by then; with another body it is refused."""
    first = announce(services, person, Once("document0", "hash"))
    assert announce(services, person, Once("document0", "hash")) == first
    services.documents.store(stored(first))
    again = announce(services, person, Once("document0", "hash"))
    assert (again.object_key, again.status, again.upload) == (first.object_key, "stored", None)
    assert again.download is not None
    with pytest.raises(KeyReusedError):
        announce(services, person, Once("document0", "other"))
    assert listed(services, person) == ["document0"]


def test_a_stored_document_has_its_real_size_and_a_link(services: Services, person: str) -> None:
    """It does not expire any more."""
    document = announce(services, person)
    assert services.documents.store(stored(document, size=12)) is not None
    found = services.documents.get(person, document.id, caller=ALICE)
    assert (found.status, found.version, found.size, found.md5) == ("stored", 2, 12, "md5 of 01")
    assert (found.ttl, found.upload) == (None, None)
    assert found.download is not None


def test_the_first_upload_that_is_told_of_is_the_one(services: Services, person: str, objects: MemoryObjects) -> None:
    """However often it is told; another one with the same form is removed."""
    document = announce(services, person)
    objects.put(document.object_key, io.BytesIO(b"a"), content_type="text/plain")
    for _ in range(2):
        assert services.documents.store(stored(document, "02")) is not None
    assert set(objects.kept) == {document.object_key}
    assert services.documents.store(stored(document, "03")) is None
    assert objects.deleted == [(document.object_key, "03")]
    found = services.documents.get(person, document.id, caller=ALICE)
    assert (found.object_version, found.md5, found.version) == ("02", "md5 of 02", 2)
    assert found.download is not None
    assert "?02&" in found.download.url


def test_another_object_is_removed(services: Services, person: str, objects: MemoryObjects) -> None:
    """One under the document's id that is not its own changes nothing."""
    document = announce(services, person)
    other = document.model_copy(update={"object_key": f"documents/{person}/{document.id}/other"})
    for each in (document, other):
        objects.put(each.object_key, io.BytesIO(b"a"), content_type="text/plain")
    assert services.documents.store(stored(other)) is None
    assert set(objects.kept) == {document.object_key}
    assert services.documents.get(person, document.id, caller=ALICE).status == "awaiting_upload"


def test_a_deleted_document_is_gone(services: Services, person: str, objects: MemoryObjects) -> None:
    """What is uploaded afterwards goes."""
    document = announce(services, person)
    services.documents.delete(person, document.id, expected=frozenset({1}), caller=ALICE)
    with pytest.raises(NotFoundError):
        services.documents.get(person, document.id, caller=ALICE)
    with pytest.raises(NotFoundError):
        services.documents.delete(person, document.id, expected=None, caller=ALICE)
    assert listed(services, person) == []
    objects.put(document.object_key, io.BytesIO(b"a"), content_type="text/plain")
    assert services.documents.store(stored(document)) is None
    assert objects.kept == {}


def test_a_deleted_documents_key_is_used_up(services: Services, person: str) -> None:
    """As for anything that is made with one."""
    announce(services, person, Once("document0", "hash"))
    services.documents.delete(person, "document0", expected=None, caller=ALICE)
    with pytest.raises(ConflictError):
        announce(services, person, Once("document0", "hash"))


def test_a_stale_deletion_does_nothing(services: Services, person: str) -> None:
    """The version guards it."""
    document = announce(services, person)
    with pytest.raises(StaleVersionError):
        services.documents.delete(person, document.id, expected=frozenset({2}), caller=ALICE)
    assert listed(services, person) == [document.id]


def test_a_document_is_found_with_its_person_only(services: Services, person: str) -> None:
    """Under another person's path it is not there."""
    document = announce(services, person)
    other = services.people.create(PersonNew(name="b", email="b@example.com"), once=None, caller=ALICE).entity.id
    with pytest.raises(NotFoundError):
        services.documents.get(other, document.id, caller=ALICE)
    with pytest.raises(NotFoundError):
        services.documents.delete(other, document.id, expected=None, caller=ALICE)
    assert listed(services, person) == [document.id]


def test_one_that_is_never_uploaded_is_gone_in_time(services: Services, person: str, clock: Clock) -> None:
    """Whether or not DynamoDB has removed it: it is not shown, not listed and can't be deleted; its key is used up."""
    announce(services, person, Once("document0", "hash"))
    clock.now += FORM_LIFE.total_seconds()
    assert announce(services, person, Once("document0", "hash")).upload is not None
    clock.now += 1
    with pytest.raises(ConflictError):
        announce(services, person, Once("document0", "hash"))
    clock.now += LIFE - FORM_LIFE.total_seconds() - 2
    assert listed(services, person) == ["document0"]
    clock.now += 2
    looks: list[Callable[[], object]] = [
        lambda: services.documents.get(person, "document0", caller=ALICE),
        lambda: services.documents.delete(person, "document0", expected=None, caller=ALICE),
    ]
    for look in looks:
        with pytest.raises(NotFoundError):
            look()
    assert listed(services, person) == []
    with pytest.raises(ConflictError):
        announce(services, person, Once("document0", "hash"))


def test_a_stored_document_stays(services: Services, person: str, clock: Clock) -> None:
    """It has no end."""
    document = announce(services, person)
    services.documents.store(stored(document))
    clock.now += 100 * LIFE
    assert listed(services, person) == [document.id]


def test_what_hangs_on_a_person_goes_in_parts(services: Services, person: str) -> None:
    """As many as asked for at once, stored or not, until there is none; another person's stay."""
    other = services.people.create(PersonNew(name="b", email="b@example.com"), once=None, caller=ALICE).entity.id
    kept = announce(services, other)
    for _ in range(5):
        services.documents.store(stored(announce(services, person)))
    assert [services.documents.clear(person, latest=LATER, limit=3) for _ in range(3)] == [3, 2, 0]
    assert listed(services, person) == []
    assert listed(services, other) == [kept.id]


def test_anothers_documents_are_not_found(services: Services, person: str) -> None:
    """Nor is the person; who is confined to what is theirs sees theirs alone."""
    document = announce(services, person)
    attempts: list[Callable[[], object]] = [
        lambda: services.documents.get(person, document.id, caller=BOB),
        lambda: services.documents.delete(person, document.id, expected=None, caller=BOB),
        lambda: services.documents.of_person(person, limit=10, after=None, caller=BOB),
        lambda: announce(services, person, caller=BOB),
    ]
    for attempt in attempts:
        with pytest.raises(NotFoundError):
            attempt()
    mine = services.people.create(PersonNew(name="b", email="b@example.com"), once=None, caller=BOB).entity.id
    own = announce(services, mine, caller=BOB)
    announce(services, mine)
    assert listed(services, mine, BOB) == [own.id]
    assert len(listed(services, mine)) == 2
    assert services.documents.get(mine, own.id, caller=BOB).id == own.id


def test_what_was_made_later_is_not_the_deleted_persons(services: Services, person: str, clock: Clock) -> None:
    """Who has the same id again keeps what they have, when somebody clears up after their predecessor."""
    announce(services, person)
    between = datetime.fromtimestamp(clock(), UTC)
    clock.now += 1
    kept = announce(services, person)
    assert [services.documents.clear(person, latest=between, limit=9) for _ in range(2)] == [1, 0]
    assert listed(services, person) == [kept.id]


def test_what_was_never_uploaded_is_not_in_the_way(services: Services, person: str, clock: Clock) -> None:
    """It is shown to nobody, and cleared all the same, before what stands behind it."""
    for _ in range(3):
        announce(services, person)
    clock.now += LIFE + 1
    services.documents.store(stored(announce(services, person)))
    assert [services.documents.clear(person, latest=LATER, limit=2) for _ in range(3)] == [2, 2, 0]
    assert listed(services, person) == []
