"""Orders against a model of an order, through any sequence of requests, deliveries and schedules.

The table's stream, the queue and the worker are the app's own; what hypothesis chooses is who acts when, what arrives
twice, late, out of order or not at all for now, and when the table does not answer.
"""

import itertools
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app import app
from chalicelib import bootstrap
from chalicelib.errors import ConflictError, KeyReusedError, NotFoundError, StaleVersionError, UnavailableError
from chalicelib.models import events
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Once
from chalicelib.models.events import OrderPlaced, PersonDeleted
from chalicelib.models.orders import OrderLine, OrderNew, Status
from chalicelib.models.people import PersonNew
from chalicelib.repositories import keys
from chalicelib.repositories.keys import Key
from chalicelib.repositories.marshal import marshal
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.table import DELETED, Check, Delete, Item, Put, Update
from chalicelib.settings import Settings
from tests.fakes import MemoryObjects, MemoryQueue
from tests.poller import poll
from tests.unit.event import LambdaContext

ALICE = Caller("alice")
START = datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp()
SHARDS = 3
PENDING_SECONDS = 900
NEW = [OrderNew(currency="EUR", lines=[OrderLine(sku=sku, quantity=1, unit_price=450)]) for sku in ("tea", "milk")]
DAY = 24 * 60 * 60
MOST_PEOPLE = 4
EXAMPLES = 180
"""At least: of a rule alone, little is to be learned."""
SELDOM = st.sampled_from([False, False, False, True])


class StreamedTable(MemoryTable):
    """A table with a stream. `down` is whether it answers nothing for now."""

    def __init__(self, *, now: Any) -> None:
        super().__init__(now=now)
        self.records: list[dict[str, Any]] = []
        self.down = False

    def _check(self, index: int, write: Put | Update | Delete | Check) -> None:
        if self.down:
            message = "down"
            raise UnavailableError(message)
        super()._check(index, write)

    def _apply(self, write: Put | Update | Delete | Check) -> None:
        before = self._items.get(write.key)
        before = before and dict(before)
        super()._apply(write)
        if not isinstance(write, Check):
            self._note(before, self._items.get(write.key))

    def remove_expired(self) -> None:
        """Remove the items whose TTL has passed."""
        for key, item in list(self._items.items()):
            if item.get(keys.TTL, self._now() + 1) <= self._now():
                del self._items[key]
                self._note(item, None)

    def raw(self, key: Key) -> Item | None:
        """Return an item, though it be a tombstone."""
        return self._items.get(key)

    def raw_items(self) -> Iterable[Item]:
        """Return all items as they are."""
        return self._items.values()

    def _note(self, before: Item | None, after: Item | None) -> None:
        images = {"OldImage": before, "NewImage": after}
        change = {name: marshal(image) for name, image in images.items() if image is not None}
        self.records.append({"eventID": str(len(self.records)), "dynamodb": change})


@dataclass
class Modelled:
    """What an order must be like."""

    person: str
    placed_at: float
    status: Status = Status.PENDING
    version: int = 1
    deleted: bool = False

    def settle(self, target: Status) -> None:
        """Take it to a status, if it is pending."""
        if not self.deleted and self.status == Status.PENDING:
            self.status = target
            self.version += 1


class Orders(RuleBasedStateMachine):
    """A stage, and beside it the model."""

    @initialize()
    def begin(self) -> None:
        """Begin with an empty stage."""
        self.now = START
        self.table = StreamedTable(now=lambda: self.now)
        self.queue = MemoryQueue(now=lambda: self.now)
        self.services = bootstrap.build(
            Settings.read({"ORDER_SHARDS": str(SHARDS), "PENDING_SECONDS": str(PENDING_SECONDS)}),
            table=self.table,
            queues=lambda _: self.queue,
            objects=MemoryObjects(),
            now=lambda: datetime.fromtimestamp(self.now, UTC),
            new_id=map("id{:03d}".format, itertools.count()).__next__,
        )
        self.told = 0
        """How many of the stream's records were taken."""
        self.orders: dict[str, Modelled] = {}
        self.bodies: dict[str, OrderNew] = {}
        self.people: dict[str, bool] = {}
        for _ in range(2):
            self.add_person()

    # Requests

    @precondition(lambda self: len(self.people) < MOST_PEOPLE)
    @rule()
    def add_person(self) -> None:
        """Have one person more."""
        email = f"p{len(self.people)}@example.com"
        made = self.services.people.create(PersonNew(name="p", email=email), once=None, caller=ALICE)
        self.people[made.entity.id] = True

    @rule(data=st.data(), body=st.sampled_from(NEW), key=st.sampled_from([None, "order-a", "order-b", "order-c"]))
    def place(self, data: st.DataObject, body: OrderNew, key: str | None) -> None:
        """Place an order; with a key that was used before, it is that one, or an error."""
        person = data.draw(st.sampled_from(sorted(self.people)))
        once = None if key is None else Once(key, body.model_dump_json())
        known = self.orders.get(key or "")
        raw = None if key is None else self.table.raw(keys.order(key))
        is_free = raw is None or (DELETED in raw and raw[keys.TTL] <= self.now)
        if known is not None and not is_free:
            if self.bodies[key or ""] != body:
                with pytest.raises(KeyReusedError):
                    self._place(person, body, once)
            elif known.deleted:
                with pytest.raises(ConflictError):
                    self._place(person, body, once)
            else:
                made = self._place(person, body, once)
                assert made.replayed
                assert (made.entity.status, made.entity.version) == (known.status, known.version)
        elif not self.people[person]:
            with pytest.raises(NotFoundError):
                self._place(person, body, once)
        else:
            made = self._place(person, body, once)
            assert not made.replayed
            self.orders[made.entity.id] = Modelled(person, self.now)
            self.bodies[made.entity.id] = body

    def _place(self, person: str, body: OrderNew, once: Once | None) -> Any:
        return self.services.orders.place(person, body, once=once, caller=ALICE)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), version=st.sampled_from([None, 1, 2, 3]))
    def cancel(self, data: st.DataObject, version: int | None) -> None:
        """Cancel an order, with If-Match or without it."""
        identifier = data.draw(st.sampled_from(sorted(self.orders)))
        order = self.orders[identifier]
        expected = None if version is None else frozenset({version})
        error: type[Exception] | None = None
        if order.deleted:
            error = NotFoundError
        elif version not in {None, order.version}:
            error = StaleVersionError
        elif order.status not in {Status.PENDING, Status.CANCELLED}:
            error = ConflictError
        if error is not None:
            with pytest.raises(error):
                self.services.orders.cancel(identifier, expected=expected, caller=ALICE)
            return
        order.settle(Status.CANCELLED)
        cancelled = self.services.orders.cancel(identifier, expected=expected, caller=ALICE)
        assert (cancelled.status, cancelled.version) == (Status.CANCELLED, order.version)

    @precondition(lambda self: any(self.people.values()))
    @rule(data=st.data())
    def delete_person(self, data: st.DataObject) -> None:
        """Delete a person; what they have stays until somebody sweeps."""
        person = data.draw(st.sampled_from(sorted(name for name, is_there in self.people.items() if is_there)))
        self.services.people.delete(person, expected=None, caller=ALICE)
        self.people[person] = False

    # The platform

    @precondition(lambda self: self.told < len(self.table.records))
    @rule(count=st.integers(1, 5), again=SELDOM)
    def stream(self, count: int, *, again: bool) -> None:
        """Hand over the stream's next records, of which nobody knows in the end that they were taken, if `again`."""
        records = self.table.records[self.told : self.told + count]
        report = self.services.stream.take(records, function="on_change")
        assert report.get("parked", 0) == 0
        self.told += 0 if again else len(records)

    @precondition(lambda self: self.queue.waiting)
    @rule(
        seed=st.integers(0, 1000),
        is_deleted=SELDOM.map(lambda seldom: not seldom),
        reports_failures=st.booleans(),
        down=SELDOM,
    )
    def deliver(self, seed: int, *, is_deleted: bool, reports_failures: bool, down: bool) -> None:
        """Deliver a batch, in any order; the mapping may fail to delete it, and the table may be down."""
        shuffled = list(self.queue.waiting.items())
        random.Random(seed).shuffle(shuffled)
        self.queue.waiting = dict(shuffled)
        before = dict(self.queue.waiting)
        batch: list[Mapping[str, Any]] = []

        def handle(event: dict[str, Any]) -> Any:
            batch.extend(event["Records"])
            bootstrap.use(self.services)
            return app.handler_map["on_event"](event, LambdaContext(30_000))

        self.table.down = down
        try:
            poll(self.queue, handle, reports_failures=reports_failures)
        finally:
            self.table.down = False
            bootstrap.use(None)
        if not down:
            self._expect(batch)
        if not is_deleted:  # what was done was not deleted, and comes back
            for record in batch:
                self.queue.waiting.setdefault(record["messageId"], before[record["messageId"]])

    def _expect(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Do to the model what a batch asks for."""
        for record in batch:
            match events.read(record["body"]):
                case OrderPlaced(order_id=identifier):
                    self.orders[identifier].settle(Status.CONFIRMED)
                case PersonDeleted(person_id=person):
                    for order in self.orders.values():
                        if order.person == person and not order.deleted:
                            order.deleted = True
                            order.version += 1

    @precondition(lambda self: self.queue.waiting)
    @rule(data=st.data(), delay=st.integers(0, 300))
    def duplicate(self, data: st.DataObject, delay: int) -> None:
        """Have a message once more, sooner or later, as SQS may."""
        body = data.draw(st.sampled_from([message.body for message in self.queue.waiting.values()]))
        self.queue.add(body, delay=delay)

    @precondition(lambda self: self.queue.dead)
    @rule()
    def redrive(self) -> None:
        """Move the dead letters back."""
        for parked in self.queue.dead:
            self.queue.add(parked.body)
        self.queue.dead.clear()

    @rule()
    def expire(self) -> None:
        """Let the schedule's time come."""
        latest = self.now - PENDING_SECONDS
        due = [
            order
            for order in self.orders.values()
            if order.status == Status.PENDING and not order.deleted and order.placed_at <= latest
        ]
        assert self.services.orders.expire() == len(due)
        for order in due:
            order.settle(Status.EXPIRED)

    @rule(seconds=st.sampled_from([1, 10, 60, 300, PENDING_SECONDS, DAY + 1]), is_removed=st.booleans())
    def pass_time(self, seconds: int, *, is_removed: bool) -> None:
        """Let time pass; sometimes DynamoDB removes what its TTL says."""
        self.now += seconds
        if is_removed:
            self.table.remove_expired()

    # What must hold

    @invariant()
    def the_table_agrees(self) -> None:
        """Show every order as the model has it; a deleted one is not shown at all."""
        for identifier, order in self.orders.items():
            item = self.table.raw(keys.order(identifier))
            if order.deleted:
                assert item is None or DELETED in item
            else:
                assert item is not None
                assert DELETED not in item
                assert (item["status"], item["version"], item["person_id"]) == (
                    order.status,
                    order.version,
                    order.person,
                )

    @invariant()
    def the_indexes_agree(self) -> None:
        """Have the pending ones, and no other, in the index of those; those that are there in the other two."""
        alive = {identifier for identifier, order in self.orders.items() if not order.deleted}
        pending = {identifier for identifier in alive if self.orders[identifier].status == Status.PENDING}
        partitions = [keys.shard(keys.PENDING_ORDERS, number) for number in range(SHARDS)]
        assert sorted(pending) == sorted(self._listed(keys.PENDING, partitions))
        people = [keys.orders_of(person) for person in self.people]
        assert sorted(alive) == sorted(self._listed(keys.BY_LIST, people))
        days = {keys.day(datetime.fromtimestamp(order.placed_at, UTC).date()) for order in self.orders.values()}
        partitions = [keys.shard(day, number) for day in days for number in range(SHARDS)]
        assert sorted(alive) == sorted(self._listed(keys.BY_DAY, partitions))

    def _listed(self, index: str, partitions: Sequence[str]) -> list[str]:
        hash_key, _ = keys.INDEXES[index]
        return [item["id"] for item in self.table.raw_items() if item.get(hash_key) in partitions]

    @invariant()
    def somebody_will_be_told(self) -> None:
        """Leave no order pending of which no record and no message tells, and nobody's order without a sweep."""
        untold = str(self.table.records[self.told :])
        messages = [message.body for message in self.queue.waiting.values()] + [each.body for each in self.queue.dead]
        for identifier, order in self.orders.items():
            if order.deleted:
                continue
            if order.status == Status.PENDING:
                assert identifier in untold or any(identifier in body for body in messages)
            if not self.people[order.person]:
                assert order.person in untold or any(order.person in body for body in messages)

    def teardown(self) -> None:
        """Let all that is on its way arrive: then nothing is pending, and nothing is left of who is gone."""
        if not hasattr(self, "people"):  # it never began
            return
        for _ in range(200):
            self.stream(100, again=False)
            self.redrive()
            if not self.queue.waiting and self.told == len(self.table.records):
                break
            self.deliver(0, is_deleted=True, reports_failures=False, down=False)
            self.now += 300
        assert self.queue.waiting == {}
        for order in self.orders.values():
            assert order.deleted or (order.status != Status.PENDING and self.people[order.person])
        self.the_table_agrees()
        self.the_indexes_agree()


def test_the_table_always_agrees_with_the_model_of_an_order() -> None:
    """Whoever acts when, and whatever comes twice, late, out of order or fails for now."""
    run_state_machine_as_test(Orders, settings=settings(max_examples=max(EXAMPLES, settings().max_examples)))
