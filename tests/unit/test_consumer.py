"""What becomes of a batch of messages: nothing is lost, and nothing is deleted that was not done or parked.

Each rule holds with both kinds of event source mapping: one that reports batch item failures, and one that does not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import app
from chalicelib import bootstrap, deadline
from chalicelib.errors import UnavailableError
from chalicelib.events.consumer import BatchError, Consumer
from chalicelib.models.caller import Caller
from chalicelib.models.events import OrderPlaced
from chalicelib.models.orders import OrderLine, OrderNew
from chalicelib.models.people import PersonNew
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.queue import EVENTS, INBOX, RECEIVES, Parked
from chalicelib.settings import Settings
from tests.fakes import VISIBILITY_SECONDS, MemoryObjects, MemoryQueue
from tests.poller import Killed, poll
from tests.unit.event import LambdaContext

MAPPINGS = pytest.mark.parametrize("reports_failures", [True, False])
AT = datetime(2026, 1, 15, tzinfo=UTC)
BAD = "bad"
ALICE = Caller("alice")


class Broken(MemoryQueue):
    """A queue whose operations fail that are named in `broken`; `called` names those that were called."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        super().__init__(now=now)
        self.broken: set[str] = set()
        self.called: list[str] = []

    def _enter(self, name: str) -> None:
        self.called.append(name)
        if name in self.broken:
            raise UnavailableError(name)

    def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages, or fail."""
        self._enter("delete")
        super().delete(receipts)

    def hold_back(self, seconds: Mapping[str, int]) -> None:
        """Let messages come back, or fail."""
        self._enter("hold_back")
        super().hold_back(seconds)

    def park(self, messages: Sequence[Parked], *, function: str, at: datetime) -> None:
        """Keep what was given up, or fail."""
        self._enter("park")
        super().park(messages, function=function, at=at)


class World:
    """A queue with a consumer. `done` has what was done, in order; a body of `BAD` can't be, until it is mended."""

    def __init__(self) -> None:
        self.now = 0.0
        self.queue = Broken(now=lambda: self.now)
        self.done: list[str] = []
        self.tried: list[str] = []
        self.error: BaseException = ValueError("this can't be done")
        self.consumer = Consumer(self.queue, self.perform, now=lambda: AT)

    def perform(self, body: str) -> str:
        """Do what a message asks for."""
        self.tried.append(body)
        if body.startswith(BAD):
            raise self.error
        self.done.append(body)
        return "done"

    def send(self, *bodies: str) -> None:
        """Put messages into the queue."""
        for body in bodies:
            self.queue.add(body)

    def deliver(self, *, reports_failures: bool) -> bool:
        """Deliver a batch as Lambda does, and tell whether the function succeeded."""
        return poll(self.queue, self._take, reports_failures=reports_failures)

    def deliver_all(self, *, reports_failures: bool) -> None:
        """Deliver until nothing waits."""
        for _ in range(100):
            if not self.queue.waiting:
                return
            self.deliver(reports_failures=reports_failures)
            self.now += VISIBILITY_SECONDS
        pytest.fail("messages come back for ever")

    @property
    def bodies(self) -> list[str]:
        """What waits in the queue."""
        return [message.body for message in self.queue.waiting.values()]

    def _take(self, event: dict[str, Any]) -> None:
        self.consumer.take(event["Records"], function="on_event")


@pytest.fixture
def world() -> World:
    """Return a queue with a consumer."""
    return World()


NINE = [f"good {number}" for number in range(9)]


@MAPPINGS
@pytest.mark.parametrize("place", range(10))
def test_of_a_batch_with_a_bad_message_only_that_one_comes_back(
    world: World, place: int, *, reports_failures: bool
) -> None:
    """Wherever it stands, the nine are done and deleted at the first time, and never done again."""
    world.send(*NINE[:place], BAD, *NINE[place:])
    assert not world.deliver(reports_failures=reports_failures)
    assert world.done == NINE
    assert world.bodies == [BAD]
    world.deliver_all(reports_failures=reports_failures)
    assert world.done == NINE


@MAPPINGS
def test_at_its_last_receive_a_message_is_parked_with_its_error(world: World, *, reports_failures: bool) -> None:
    """With the id and the body that it had, in place of the queue's own move, which knows no error."""
    world.send("good", BAD)
    [identifier] = [message.id for message in world.queue.waiting.values() if message.body == BAD]
    world.deliver_all(reports_failures=reports_failures)
    assert world.queue.dead == [Parked(identifier, BAD, "ValueError: this can't be done")]
    assert world.tried == ["good", *[BAD] * RECEIVES]


@MAPPINGS
def test_a_message_that_is_mended_in_time_is_not_parked(world: World, *, reports_failures: bool) -> None:
    """What fails as often as it may but for once is done then."""
    world.send(BAD)
    for _ in range(RECEIVES - 1):
        assert not world.deliver(reports_failures=reports_failures)
        world.now += VISIBILITY_SECONDS
    [message] = world.queue.waiting.values()
    message.body = "good"
    assert world.deliver(reports_failures=reports_failures)
    assert (world.done, world.bodies, world.queue.dead) == (["good"], [], [])


def test_a_batch_without_a_failure_costs_no_call(world: World) -> None:
    """The mapping deletes it: the worker calls nothing."""
    world.send(*NINE)
    assert world.deliver(reports_failures=False)
    assert world.queue.called == []
    assert world.bodies == []


@MAPPINGS
def test_nothing_is_deleted_where_parking_fails(world: World, *, reports_failures: bool) -> None:
    """But what was done: the queue's own redrive policy is the backstop, and has it from then on."""
    world.send("good", BAD)
    for message in world.queue.waiting.values():
        message.receives = RECEIVES - 1
    world.queue.broken = {"park"}
    assert not world.deliver(reports_failures=reports_failures)
    assert world.bodies == [BAD]
    assert world.queue.dead == []


@MAPPINGS
def test_all_come_back_where_the_deletion_fails(world: World, *, reports_failures: bool) -> None:
    """The successes are done once more, and deleted then."""
    world.send(*NINE, BAD)
    world.queue.broken = {"delete"}
    assert not world.deliver(reports_failures=reports_failures)
    assert world.bodies == [*NINE, BAD]
    world.queue.broken = set()
    world.now += VISIBILITY_SECONDS
    assert not world.deliver(reports_failures=reports_failures)
    assert sorted(world.done) == sorted([*NINE, *NINE])
    assert world.bodies == [BAD]


@MAPPINGS
def test_only_the_bad_one_comes_back_where_it_can_not_be_hastened(world: World, *, reports_failures: bool) -> None:
    """It comes when the queue's visibility timeout has passed."""
    world.send("good", BAD)
    world.queue.broken = {"hold_back"}
    assert not world.deliver(reports_failures=reports_failures)
    [message] = world.queue.waiting.values()
    assert (message.body, message.visible_at) == (BAD, VISIBILITY_SECONDS)


@MAPPINGS
def test_a_batch_that_is_killed_comes_back_whole(world: World, *, reports_failures: bool) -> None:
    """What is no Exception is not taken for a message's failure."""
    world.send(*NINE, BAD)
    world.error = Killed()
    assert not world.deliver(reports_failures=reports_failures)
    assert world.bodies == [*NINE, BAD]
    assert world.queue.called == []


@pytest.mark.parametrize("receives", range(1, RECEIVES))
def test_a_failure_comes_back_the_later_the_more_often_it_came(world: World, receives: int) -> None:
    """In two seconds, then four, eight and sixteen: soon enough to know, and with time to pass."""
    world.send(BAD)
    [message] = world.queue.waiting.values()
    message.receives = receives - 1
    world.deliver(reports_failures=False)
    assert message.visible_at == 2**receives


def test_what_is_not_available_is_not_hastened(world: World) -> None:
    """It needs time, which the queue's visibility timeout gives it."""
    world.send(BAD)
    world.error = UnavailableError("too busy")
    world.deliver(reports_failures=False)
    [message] = world.queue.waiting.values()
    assert message.visible_at == VISIBILITY_SECONDS


@MAPPINGS
def test_what_there_is_no_time_for_comes_back_untouched(world: World, *, reports_failures: bool) -> None:
    """What was done before is deleted; the rest is not begun, comes back soon, and has its turn before the others."""
    seconds = 30.0

    def perform(body: str) -> str:
        nonlocal seconds
        seconds -= 10
        return world.perform(body)

    world.consumer = Consumer(world.queue, perform, now=lambda: AT)
    world.send(*NINE)
    began = deadline.begin(lambda: seconds * 1000)
    assert not world.deliver(reports_failures=reports_failures)
    deadline.end(began)
    assert world.tried == NINE[:3]
    assert world.bodies == NINE[3:]
    assert {message.visible_at for message in world.queue.waiting.values()} == {2}


def test_a_slow_message_does_not_keep_the_others_waiting(world: World) -> None:
    """The next time another one is the first."""
    left = 30.0

    def perform(body: str) -> str:
        nonlocal left
        left -= 40 if body == "slow" else 1
        return world.perform(body)

    world.consumer = Consumer(world.queue, perform, now=lambda: AT)
    world.send("slow", "a", "b")
    began = deadline.begin(lambda: left * 1000)
    world.deliver(reports_failures=False)
    assert world.tried == ["slow"]
    left = 30.0
    world.now += VISIBILITY_SECONDS
    world.deliver(reports_failures=False)
    deadline.end(began)
    assert set(world.tried) == {"slow", "a", "b"}


def test_deleting_has_time_that_the_messages_do_not_have(world: World) -> None:
    """While a message is done, the last seconds of the invocation look used up; afterwards they are there."""
    left: list[float] = []

    class Looking(Broken):
        def delete(self, receipts: Sequence[str]) -> None:
            """Note the time that is left."""
            left.append(deadline.seconds_left())
            super().delete(receipts)

    def perform(_: str) -> str:
        left.append(deadline.seconds_left())
        raise world.error

    queue = Looking(now=lambda: 0.0)
    queue.add(BAD)
    began = deadline.begin(lambda: 10_000)
    with pytest.raises(BatchError):
        Consumer(queue, perform, now=lambda: AT).take(queue.receive()["Records"], function="on_event")
    deadline.end(began)
    assert left == [10 - deadline.RESERVE, 10]


def test_the_log_has_kinds_of_errors_and_not_their_words(world: World) -> None:
    """What somebody sent may be quoted in them."""
    world.send("good", BAD)
    ids = [message.id for message in world.queue.waiting.values()]
    with pytest.raises(BatchError) as raised:
        world.consumer.take(world.queue.receive()["Records"], function="on_event")
    assert raised.value.outcome.report() == {"done": {ids[0]: "done"}, "failed": {ids[1]: "ValueError"}}


@given(
    messages=st.lists(st.tuples(st.sampled_from(["good", BAD]), st.integers(0, RECEIVES - 1)), min_size=1, max_size=10),
    broken=st.sets(st.sampled_from(["delete", "hold_back", "park"])),
    turns=st.integers(0, 11),
    error=st.sampled_from([ValueError("no"), UnavailableError("busy"), Killed()]),
    reports_failures=st.booleans(),
)
def test_whatever_fails_nothing_is_deleted_undone(
    messages: list[tuple[str, int]], broken: set[str], turns: int, error: BaseException, *, reports_failures: bool
) -> None:
    """Any batch, any operation that fails, any time that is left: a message is done, parked, or still there."""
    world = World()
    world.error = error
    for number, (body, receives) in enumerate(messages):
        world.send(f"{body} {number}")
        world.queue.waiting[f"message-{number + 1}"].receives = receives
    sent = set(world.bodies)
    world.queue.broken = broken
    began = deadline.begin(lambda: (deadline.RESERVE + turns - len(world.tried)) * 1000)
    succeeded = world.deliver(reports_failures=reports_failures)
    deadline.end(began)
    parked = {message.body for message in world.queue.dead}
    assert sent <= set(world.done) | parked | set(world.bodies)
    assert not succeeded or not world.bodies
    assert len(world.done) == len(set(world.done))


# The handlers, as app.py has them


@pytest.fixture
def queues() -> Iterator[dict[str, MemoryQueue]]:
    """Give the app a table and queues in memory."""
    queues: dict[str, MemoryQueue] = {EVENTS: MemoryQueue(), INBOX: MemoryQueue()}
    services = bootstrap.build(
        Settings.read({}), table=MemoryTable(), queues=queues.__getitem__, objects=MemoryObjects()
    )
    bootstrap.use(services)
    yield queues
    bootstrap.use(None)


def orders(count: int) -> list[str]:
    """Place orders, and return their ids."""
    services = bootstrap.services()
    person = services.people.create(PersonNew(name="a", email="a@example.com"), once=None, caller=ALICE).entity.id
    new = OrderNew(currency="EUR", lines=[OrderLine(sku="tea", quantity=1, unit_price=450)])
    return [services.orders.place(person, new, once=None, caller=ALICE).entity.id for _ in range(count)]


@MAPPINGS
@pytest.mark.parametrize(("function", "queue"), [("on_event", EVENTS), ("on_delivery", INBOX)])
def test_a_handler_never_answers_a_list(
    queues: dict[str, MemoryQueue], function: str, queue: str, *, reports_failures: bool
) -> None:
    """A batch that can't be read at all fails as often as it may, and is parked message by message."""
    for number in range(10):
        queues[queue].add(f'{{"number": {number}}}')
    for turn in range(1, RECEIVES + 1):
        for message in queues[queue].waiting.values():
            message.visible_at = 0.0
        done = poll(
            queues[queue], lambda event: app.handler_map[function](event, LambdaContext()),
            reports_failures=reports_failures,
        )  # fmt: skip
        assert done == (turn == RECEIVES)
        assert len(queues[queue].waiting) == (0 if done else 10)
    assert len(queues[queue].dead) == 10
    assert all(parked.error.startswith("ValidationError") for parked in queues[queue].dead)


@MAPPINGS
def test_orders_are_confirmed_though_one_message_is_poison(
    queues: dict[str, MemoryQueue], *, reports_failures: bool
) -> None:
    """A batch of ten with one that is no event: nine orders are confirmed, once each."""
    ids = orders(9)
    queue = queues[EVENTS]
    queue.add("{}")
    queue.send([OrderPlaced(order_id=identifier) for identifier in ids])
    handle = app.handler_map["on_event"]
    assert not poll(queue, lambda event: handle(event, LambdaContext()), reports_failures=reports_failures)
    services = bootstrap.services()
    assert {(order.status, order.version) for order in (services.orders.get(each, caller=ALICE) for each in ids)} == {
        ("confirmed", 2)
    }
    assert [message.body for message in queue.waiting.values()] == ["{}"]


@MAPPINGS
def test_an_order_is_confirmed_once_however_often_it_is_told(
    queues: dict[str, MemoryQueue], *, reports_failures: bool
) -> None:
    """In one batch, and in another later."""
    [identifier] = orders(1)
    for _ in range(2):
        queues[EVENTS].send([OrderPlaced(order_id=identifier)] * 3)
        poll(
            queues[EVENTS], lambda event: app.handler_map["on_event"](event, LambdaContext()),
            reports_failures=reports_failures,
        )  # fmt: skip
    order = bootstrap.services().orders.get(identifier, caller=ALICE)
    assert (order.status, order.version) == ("confirmed", 2)
    assert queues[EVENTS].waiting == {}
