"""What each event asks for, where events come from, and that doing it again changes nothing."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from chalice.app import CloudWatchEventConfig
from moto.events.models import EventPattern
from pydantic import ValidationError

from app import app
from chalicelib import bootstrap
from chalicelib.errors import UnavailableError
from chalicelib.events.sources import Stream, Uploads, uploaded_to
from chalicelib.events.work import AT_ONCE, LAST_LOOK_SECONDS, SETTLING_SECONDS, Work
from chalicelib.models import events
from chalicelib.models.caller import Caller
from chalicelib.models.documents import Document, DocumentNew
from chalicelib.models.events import ChangeMissed, Event, ObjectAbandoned, ObjectStored, OrderPlaced, PersonDeleted
from chalicelib.models.orders import OrderLine, OrderNew
from chalicelib.models.people import PersonNew
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.queue import Parked
from chalicelib.settings import APP, Settings
from tests.fakes import MemoryObjects, MemoryQueue
from tests.unit.test_changes import BY_TTL, ORDER, PERSON, item, record

ALICE = Caller("alice")
AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
START = AT.timestamp()
BUCKET = f"{APP}-dev-files"


class Down(MemoryQueue):
    """A queue that can be down, or whose dead letters can."""

    is_down = parks_not = False

    def add(self, body: str, *, delay: int = 0) -> str:
        """Add a message, if it can."""
        if self.is_down:
            raise UnavailableError(body)
        return super().add(body, delay=delay)

    def park(self, messages: Sequence[Parked], *, function: str, at: datetime) -> None:
        """Keep what was given up, if it can; nothing is always kept."""
        if self.parks_not and messages:
            raise UnavailableError(function)
        super().park(messages, function=function, at=at)


class DownObjects(MemoryObjects):
    """A bucket that can be down."""

    is_down = False

    def delete(self, key: str, *, version: str | None) -> None:
        """Forget an object, if it can."""
        if self.is_down:
            raise UnavailableError(key)
        super().delete(key, version=version)


class World:
    """A stage in memory, with a person."""

    def __init__(self) -> None:
        self.now = START
        self.queue = Down(now=lambda: self.now)
        self.objects = DownObjects()
        self.services = bootstrap.build(
            Settings.read({}),
            table=MemoryTable(now=lambda: self.now),
            queues=lambda _: self.queue,
            objects=self.objects,
            now=lambda: datetime.fromtimestamp(self.now, UTC),
        )
        self.work = Work(self.services.orders, self.services.documents, self.queue)
        self.stream = Stream(self.work, self.queue, now=lambda: datetime.fromtimestamp(self.now, UTC))
        self.uploads = Uploads(self.work, self.queue)
        body = PersonNew(name="a", email="a@example.com")
        self.person = self.services.people.create(body, once=None, caller=ALICE).entity.id

    def order(self) -> str:
        """Place an order, and return its id."""
        body = OrderNew(currency="EUR", lines=[OrderLine(sku="tea", quantity=1, unit_price=450)])
        return self.services.orders.place(self.person, body, once=None, caller=ALICE).entity.id

    def document(self, content: bytes = b"hello world") -> Document:
        """Announce a document, upload its object and return it."""
        body = DocumentNew(filename="tea.txt", content_type="text/plain", size=len(content))
        document = self.services.documents.create(self.person, body, once=None, caller=ALICE).entity
        self.objects.put(document.object_key, io.BytesIO(content), content_type="text/plain")
        return document

    def status(self, order: str) -> tuple[str, int]:
        """Return an order's status and version."""
        found = self.services.orders.get(order, caller=ALICE)
        return found.status, found.version

    def sent(self) -> list[tuple[Event, float]]:
        """Return the events in the queue, each with the seconds until it can be received."""
        return [(events.read(each.body), each.visible_at - self.now) for each in self.queue.waiting.values()]

    def sweep(self) -> list[str]:
        """Do all that is in the queue, and what that brings, one after the other; return what became of it."""
        done = []
        while self.queue.waiting:
            identifier, message = min(self.queue.waiting.items(), key=lambda each: each[1].visible_at)
            self.now = max(self.now, message.visible_at)
            done.append(self.work.read_and_do(message.body))
            self.queue.delete([identifier])
        return done


@pytest.fixture
def world() -> World:
    """Return a stage in memory."""
    return World()


def stored(key: str) -> ObjectStored:
    return ObjectStored(key=key, size=11, md5="5eb6", version="v1")


def created(key: str) -> dict[str, Any]:
    """Return S3's event of an object."""
    s3_object = {"key": key, "size": 11, "etag": "5eb6", "version-id": "v1", "sequencer": "01"}
    detail = {"version": "0", "bucket": {"name": BUCKET}, "object": s3_object, "reason": "POST Object"}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_an_order_is_confirmed_once(world: World) -> None:
    """However often it is asked for."""
    order = world.order()
    for _ in range(3):
        assert world.work.do(OrderPlaced(order_id=order)) == f"order {order} confirmed"
        assert world.status(order) == ("confirmed", 2)


def test_what_is_settled_otherwise_stays(world: World) -> None:
    """A cancelled order is not confirmed, and nobody is bothered with it again."""
    order = world.order()
    world.services.orders.cancel(order, expected=None, caller=ALICE)
    assert "cancelled" in world.work.do(OrderPlaced(order_id=order))
    assert world.status(order) == ("cancelled", 2)


def test_an_order_that_is_not_there_needs_nothing(world: World) -> None:
    """It was deleted with its person, before its message came."""
    assert world.work.do(OrderPlaced(order_id="nobody"))
    assert world.sent() == []


def test_a_document_is_stored_and_then_stays(world: World) -> None:
    """However often it is told."""
    document = world.document()
    for _ in range(2):
        assert world.work.do(stored(document.object_key)) == f"document {document.id} stored"
    found = world.services.documents.get(world.person, document.id, caller=ALICE)
    assert (found.status, found.version, found.md5, found.ttl) == ("stored", 2, "5eb6", None)
    assert set(world.objects.kept) == {document.object_key}


def test_an_object_that_no_document_waits_for_is_removed(world: World) -> None:
    """The document was deleted, or never was."""
    document = world.document()
    world.services.documents.delete(world.person, document.id, expected=None, caller=ALICE)
    for key in (document.object_key, "documents/a/b/c"):
        world.objects.kept[key] = b""
        assert world.work.do(stored(key)) == f"object {key} removed: of no document"
        assert key not in world.objects.kept


def test_an_abandoned_object_is_removed(world: World) -> None:
    """Also where it is gone already."""
    document = world.document()
    for _ in range(2):
        world.work.do(ObjectAbandoned(key=document.object_key))
        assert world.objects.kept == {}


@pytest.mark.parametrize("count", [0, 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE])
def test_all_of_a_deleted_person_goes(world: World, count: int) -> None:
    """In parts, and after five minutes somebody looks once more, and then no more."""
    orders = [world.order() for _ in range(count)]
    documents = [world.document() for _ in range(count % 7)]
    world.services.people.delete(world.person, expected=None, caller=ALICE)
    world.queue.send([PersonDeleted(person_id=world.person, deleted_at=AT)])
    began = world.now
    done = world.sweep()
    assert done[-2:] == [f"person {world.person}: 0 things removed"] * 2
    assert world.now >= began + LAST_LOOK_SECONDS
    table = world.services.orders._orders._table
    names = [("ORDER", order) for order in orders] + [("DOCUMENT", document.id) for document in documents]
    assert [table.get(keys_of(kind, identifier)) for kind, identifier in names] == [None] * len(names)


def keys_of(kind: str, identifier: str) -> Any:
    return (f"{kind}#{identifier}", "METADATA")


def test_what_the_index_shows_late_is_found_by_the_last_look(world: World) -> None:
    """An order that was placed just before the person went goes too."""
    world.services.people.delete(world.person, expected=None, caller=ALICE)
    world.work.do(PersonDeleted(person_id=world.person, deleted_at=AT))
    [(again, delay)] = world.sent()
    assert (again, delay) == (PersonDeleted(person_id=world.person, deleted_at=AT, sweep=2), LAST_LOOK_SECONDS)


@pytest.mark.parametrize("body", ["", "{}", "null", '{"type": "unknown"}', '{"type": "order.placed"}', "\ud7ff"])
def test_what_is_no_event_is_an_error(world: World, body: str) -> None:
    """It is not taken for one that needs nothing."""
    with pytest.raises(ValidationError):
        world.work.read_and_do(body)


def test_a_missed_change_is_told_after_all(world: World) -> None:
    """When it can be read; as long as it can't, it is an error."""
    order = world.order()
    good = record(None, {**ORDER, "id": order})
    assert world.work.do(ChangeMissed(record=good)) == "1 events"
    assert world.sent() == [(OrderPlaced(order_id=order), 0)]
    with pytest.raises(KeyError):
        world.work.do(ChangeMissed(record={}))


# The stream


def test_the_stream_tells_of_orders_at_once_and_of_people_later(world: World) -> None:
    """A deleted person's things are looked for when the index shows them all."""
    report = world.stream.take(
        [record(None, ORDER), record(PERSON, None, **BY_TTL), record(None, item("note"))], function="on_change"
    )
    assert report == {"records": 3, "events": 2, "parked": 0}
    assert world.sent() == [
        (OrderPlaced(order_id="one"), 0),
        (PersonDeleted(person_id="one", deleted_at=AT), SETTLING_SECONDS),
    ]


BROKEN: list[dict[str, Any]] = [
    {"eventID": "7", "dynamodb": {"NewImage": {"type": {"S": "order"}}}},
    {"eventID": "7", "dynamodb": {"NewImage": {"type": {"N": "1"}}}},
    {"eventID": "7", "dynamodb": {"OldImage": {"type": {"S": "person"}}}},
    {"eventID": "7"},
    {"eventID": "7", "dynamodb": None},
    {"eventID": "7", "dynamodb": {"NewImage": "?"}},
    {},
]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_record_that_can_not_be_read_is_parked_and_the_rest_goes_on(
    world: World, broken: dict[str, Any], place: int
) -> None:
    """Whatever is wrong with it: the shard can't wait."""
    records = [record(None, {**ORDER, "id": "a"}), record(None, {**ORDER, "id": "b"})]
    records.insert(place, broken)
    report = world.stream.take(records, function="on_change")
    assert report == {"records": 3, "events": 2, "parked": 1}
    [parked] = world.queue.dead
    assert parked.id == broken.get("eventID", "unknown")
    assert parked.error.split(":")[0] in {"KeyError", "TypeError", "AttributeError"}
    assert isinstance(events.read(parked.body), ChangeMissed)
    assert [event for event, _ in world.sent()] == [OrderPlaced(order_id="a"), OrderPlaced(order_id="b")]


def test_a_parked_record_is_plain_ascii(world: World) -> None:
    """SQS refuses some characters that an item may have, and a refusal would hold up the shard for ever."""
    broken = {"dynamodb": {"NewImage": {"type": {"S": "order"}, "note": {"S": "\uffff\ufffe é"}}}}
    world.stream.take([broken], function="on_change")
    [parked] = world.queue.dead
    assert parked.body.isascii()


@pytest.mark.parametrize("fault", ["is_down", "parks_not"])
def test_the_stream_waits_for_the_queue(world: World, fault: str) -> None:
    """Where nothing can be sent or parked, all records come again."""
    setattr(world.queue, fault, True)
    with pytest.raises(UnavailableError):
        world.stream.take([record(None, ORDER), {}], function="on_change")


# Uploads


def test_an_upload_is_noted_without_the_queue(world: World) -> None:
    """At once, in one write."""
    document = world.document()
    assert world.uploads.take(created(document.object_key)) == {"outcome": f"document {document.id} stored"}
    assert world.sent() == []


def test_an_upload_that_can_not_be_noted_is_left_to_the_queue(world: World) -> None:
    """Which tries for longer than Lambda does."""
    world.objects.is_down = True
    report = world.uploads.take(created("documents/a/b/c"))
    assert report == {"outcome": "left to the queue", "error": "UnavailableError"}
    [(event, delay)] = world.sent()
    assert (event, delay) == (stored("documents/a/b/c"), 0)


def test_an_upload_that_nobody_can_take_is_told_again(world: World) -> None:
    """With the queue down too, the function fails, and is tried again by Lambda."""
    world.objects.is_down = True
    world.queue.is_down = True
    with pytest.raises(UnavailableError):
        world.uploads.take(created("documents/a/b/c"))


@pytest.mark.parametrize(
    ("bucket", "key", "kind", "matches"),
    [
        (BUCKET, "documents/a/b/c", "Object Created", True),
        (BUCKET, "reports/2026-01-15.jsonl", "Object Created", False),
        (BUCKET, "x/documents/a/b/c", "Object Created", False),
        ("another", "documents/a/b/c", "Object Created", False),
        (BUCKET, "documents/a/b/c", "Object Deleted", False),
    ],
)
def test_only_uploads_of_documents_are_told(bucket: str, key: str, kind: str, *, matches: bool) -> None:
    """The stage's own reports are none."""
    event: Any = created(key)
    event["detail-type"] = kind
    event["detail"]["bucket"]["name"] = bucket
    pattern = EventPattern.load(json.dumps(uploaded_to(BUCKET)))
    assert pattern.matches_event(event) == matches


def test_the_app_takes_the_events_of_its_bucket() -> None:
    """The rule it declares is that pattern."""
    sources = [each for each in app.event_sources if isinstance(each, CloudWatchEventConfig)]
    assert [(each.name, each.event_pattern) for each in sources] == [("on_upload", uploaded_to(BUCKET))]
