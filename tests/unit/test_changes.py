"""What a record of the table's stream means."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.events import changes
from chalicelib.models import events
from chalicelib.models.events import ChangeMissed, Event, ObjectAbandoned, OrderPlaced, PersonDeleted
from chalicelib.repositories.marshal import marshal
from chalicelib.repositories.queue import LARGEST

ITEM_LARGEST = 400 * 1024
"""DynamoDB quota "Item size", in bytes."""


AT = datetime(2026, 1, 15, 12, tzinfo=UTC)


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"pk": "A#1", "sk": "X", "type": kind, "id": "one", "version": 1, **more}


def record(before: dict[str, Any] | None, after: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """Return a record as Lambda hands it over."""
    images = {"OldImage": before, "NewImage": after}
    change: dict[str, Any] = {"Keys": marshal({"pk": "A#1", "sk": "X"}), "SequenceNumber": "1"}
    change["ApproximateCreationDateTime"] = AT.timestamp()
    change |= {name: marshal(image) for name, image in images.items() if image is not None}
    name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    return {"eventID": "1", "eventName": name, "eventSource": "aws:dynamodb", "dynamodb": change, **more}


PLACED: list[Event] = [OrderPlaced(order_id="one")]
GONE: list[Event] = [PersonDeleted(person_id="one", deleted_at=AT)]
ABANDONED: list[Event] = [ObjectAbandoned(key="documents/p/one/x")]
ORDER = item("order", status="pending")
SETTLED = item("order", status="confirmed", version=2)
PERSON = item("person", name="Ada")
DOCUMENT = item("document", object_key="documents/p/one/x", status="awaiting_upload")
BY_TTL = {"userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}}


def tombstone(kind: str) -> dict[str, Any]:
    return item(kind, deleted=True, ttl=1, updated_at="2026-01-15T12:00:00Z")


MEANINGS: list[tuple[str, dict[str, Any], list[Event]]] = [
    ("an order is born", record(None, ORDER), PLACED),
    ("an order is born over an old tombstone", record(tombstone("order"), ORDER), PLACED),
    ("an order is settled", record(ORDER, SETTLED), []),
    ("an order is deleted", record(SETTLED, tombstone("order")), []),
    ("an order's tombstone is removed", record(tombstone("order"), None, **BY_TTL), []),
    ("an order is removed", record(SETTLED, None), []),
    ("a person is born", record(None, PERSON), []),
    ("a person is born over an old tombstone", record(tombstone("person"), PERSON), []),
    ("a person changes", record(PERSON, {**PERSON, "name": "B"}), []),
    ("a person is deleted", record(PERSON, tombstone("person")), GONE),
    ("a person is removed", record(PERSON, None), GONE),
    ("a person's tombstone is removed", record(tombstone("person"), None, **BY_TTL), []),
    ("a document is born", record(None, DOCUMENT), []),
    ("a document is born over an old tombstone", record(tombstone("document"), DOCUMENT), []),
    ("a document is stored", record(DOCUMENT, {**DOCUMENT, "status": "stored"}), []),
    ("a document is deleted", record(DOCUMENT, tombstone("document")), ABANDONED),
    ("a document is removed by its TTL", record(DOCUMENT, None, **BY_TTL), ABANDONED),
    ("a document's tombstone is removed", record(tombstone("document"), None, **BY_TTL), []),
    ("a note comes", record(None, item("note")), []),
    ("a note goes", record(item("note"), tombstone("note")), []),
    ("a delivery comes", record(None, item("delivery")), []),
    ("a delivery goes by its TTL", record(item("delivery"), None, **BY_TTL), []),
    ("an email is claimed", record(None, {"pk": "EMAIL#a", "sk": "CLAIM", "type": "email", "person_id": "one"}), []),
    ("an email is released", record({"pk": "EMAIL#a", "sk": "CLAIM", "type": "email", "person_id": "one"}, None), []),
    ("a kind that nobody knows yet", record(None, item("invoice")), []),
]


@pytest.mark.parametrize(("change", "meaning"), [row[1:] for row in MEANINGS], ids=[row[0] for row in MEANINGS])
def test_a_record_means(change: dict[str, Any], meaning: list[Event]) -> None:
    """What came and went counts, and of that only what somebody has to act on."""
    assert changes.meaning(change) == meaning


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"dynamodb": None},
        {"dynamodb": {"NewImage": {}}},
        {"dynamodb": {"NewImage": {"type": {"N": "1"}}}},
        {"dynamodb": {"NewImage": {"type": {"S": "order"}}}},
        {"dynamodb": {"OldImage": {"type": {"S": "document"}, "id": {"S": "one"}}}},
    ],
)
def test_what_can_not_be_read_is_an_error(broken: dict[str, Any]) -> None:
    """And never taken for a record that means nothing."""
    with pytest.raises((KeyError, TypeError, AttributeError)):
        changes.meaning(broken)


def test_a_shortened_record_means_the_same() -> None:
    """And shortened again, it is what it was."""
    for _, change, meaning in MEANINGS:
        kept = changes.shortened(change)
        assert changes.meaning(kept) == meaning
        assert changes.shortened(kept) == kept


def test_what_nobody_reads_is_left_out() -> None:
    """A person's name, say, has no business among the dead letters; nor has anything that is long."""
    change = record({**DOCUMENT, "filename": "a"}, {**tombstone("document"), "id": "a" * 2_000})
    kept = changes.shortened(change)
    assert set(kept["dynamodb"]["OldImage"]) == {"type", "id", "object_key"}
    assert set(kept["dynamodb"]["NewImage"]) == {"type", "deleted", "updated_at"}
    assert changes.meaning(kept) == changes.meaning(change) == ABANDONED


@pytest.mark.parametrize("character", ["a", "é", "\u0001", "\uffff", "😀"])
def test_the_largest_notes_fit_a_message(character: str) -> None:
    """As large as a field may be, in both images, whatever it is made of: SQS takes what is parked."""
    note = item("note", text=character * 10_000, title=character * 200, tags=[character * 40] * 20)
    body = ChangeMissed(record=changes.shortened(record(note, note))).model_dump_json()
    assert len(body.encode()) < LARGEST


def test_the_largest_order_fits_a_message() -> None:
    """A hundred lines are one long value."""
    lines = [{"sku": "é" * 64, "quantity": 10_000, "unit_price": 10**9}] * 100
    order = item("order", lines=lines, total=10**15)
    assert len(json.dumps(marshal(order))) > 10_000
    body = ChangeMissed(record=changes.shortened(record(order, order))).model_dump_json()
    assert len(body.encode()) < LARGEST


def test_the_largest_item_of_anybodys_fits_a_message() -> None:
    """As many values as an item may have, each too short to be left out."""
    name, value = 8, 900
    wide = {f"field{number:03}": "a" * value for number in range(ITEM_LARGEST // (name + value) - 1)}
    body = ChangeMissed(record=changes.shortened(record(item("note", **wide), item("note", **wide)))).model_dump_json()
    assert len(body.encode()) < LARGEST


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2_000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
IMAGES = st.none() | st.dictionaries(st.sampled_from(["type", "id", "object_key", "deleted", "a", "b"]), VALUES)


@given(before=IMAGES, after=IMAGES)
def test_a_missed_record_says_the_same_when_it_is_read_again(
    before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    """Whatever was in it: through a message and back, it means what it meant, or can't be read as before."""
    change = record(before, after)
    body = ChangeMissed(record=changes.shortened(change)).model_dump_json()
    missed = events.read(body)
    assert isinstance(missed, ChangeMissed)
    try:
        meant = changes.meaning(change)
    except (KeyError, TypeError, AttributeError):
        with pytest.raises((KeyError, TypeError, AttributeError)):
            changes.meaning(missed.record)
    else:
        if all(len(str(value)) < 900 for image in (before, after) for value in (image or {}).values()):
            assert changes.meaning(missed.record) == meant
