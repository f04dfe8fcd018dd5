"""The inbox, on every implementation of the table."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.models.caller import Caller
from chalicelib.models.events import PartnerSent
from chalicelib.models.inbox import PartnerEvent
from chalicelib.repositories.table import Table
from chalicelib.services.inbox import LIFE
from chalicelib.settings import Settings
from tests.contract.conftest import Clock
from tests.fakes import MemoryObjects, MemoryQueue


@pytest.fixture
def queue() -> MemoryQueue:
    """Return the inbox's queue."""
    return MemoryQueue()


@pytest.fixture
def services(table: Table, clock: Clock, queue: MemoryQueue) -> Services:
    """Return the services."""
    return bootstrap.build(
        Settings.read({}),
        table=table,
        queues=lambda _: queue,
        objects=MemoryObjects(),
        now=lambda: datetime.fromtimestamp(clock(), UTC),
    )


def sent(identifier: str, sender: str = "partner", **data: Any) -> PartnerSent:
    return PartnerSent(sender=sender, event=PartnerEvent(id=identifier, type="payment.received", data=data))


def test_an_event_is_kept_once(services: Services) -> None:
    """Again, it is there already, whatever it says then."""
    assert services.inbox.keep(sent("e1", amount=1))
    assert not services.inbox.keep(sent("e1", amount=1))
    assert not services.inbox.keep(sent("e1", amount=2))
    [kept] = services.inbox.page(limit=10, after=None).items
    assert (kept.sender, kept.event_id, kept.event_type, kept.data) == (
        "partner",
        "e1",
        "payment.received",
        {"amount": 1},
    )


def test_two_partners_may_use_one_id(services: Services) -> None:
    """Each has its own."""
    assert services.inbox.keep(sent("e1", "one"))
    assert services.inbox.keep(sent("e1", "two"))
    assert {kept.sender for kept in services.inbox.page(limit=10, after=None).items} == {"one", "two"}


def test_no_two_senders_and_ids_are_taken_for_one(services: Services) -> None:
    """Where one's name ends and the other's begins is certain."""
    for sender, identifier in (("a", "b-c"), ("a-b", "c"), ("ab", "c"), ("a", "bc")):
        assert services.inbox.keep(sent(identifier, sender))


def test_data_comes_back_as_it_was(services: Services) -> None:
    """All that JSON has, also what DynamoDB has not."""
    data: dict[str, Any] = {
        "": "",
        "number": 0.1,
        "large": 10**60,
        "small": 1e-200,
        "none": None,
        "nested": [{"a": [[], {}, None, True]}],
        "text": "é😀\u0000\uffff",
    }
    assert services.inbox.keep(sent("e1", **data))
    [kept] = services.inbox.page(limit=10, after=None).items
    assert kept.data == data


def test_events_are_listed_in_parts(services: Services, clock: Clock) -> None:
    """Oldest first."""
    for number in range(7):
        services.inbox.keep(sent(f"e{number}"))
        clock.now += 1
    found: list[str] = []
    after = None
    while True:
        part = services.inbox.page(limit=3, after=after)
        found += [kept.event_id for kept in part.items]
        if part.position is None:
            break
        after = part.position
    assert found == [f"e{number}" for number in range(7)]


def test_an_event_is_kept_for_a_while(services: Services, clock: Clock) -> None:
    """Its TTL says until when."""
    services.inbox.keep(sent("e1"))
    [kept] = services.inbox.page(limit=10, after=None).items
    assert kept.ttl == int(clock() + LIFE.total_seconds())


def test_what_is_taken_is_what_is_kept(services: Services, queue: MemoryQueue) -> None:
    """Through the queue, with who sent it; the receipt has the message's id."""
    event = PartnerEvent(id="e1", type="payment.received", data={"text": "é\u0000😀", "number": 1.5})
    receipt = services.inbox.take(event, caller=Caller("partner"))
    [record] = queue.receive()["Records"]
    assert receipt.message_id == record["messageId"]
    assert services.inbox.keep(PartnerSent.model_validate_json(record["body"]))
    [kept] = services.inbox.page(limit=10, after=None).items
    assert (kept.sender, kept.data) == ("partner", event.data)
