"""Ten thousand messages, one in a hundred poison, through a queue and its dead letters and back."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from app import app
from chalicelib import bootstrap
from chalicelib.events.consumer import BatchError, Consumer
from chalicelib.models.events import PartnerSent
from chalicelib.models.inbox import PartnerEvent
from chalicelib.repositories import keys
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.queue import INBOX, RECEIVES, SqsQueue
from chalicelib.repositories.table import Table
from chalicelib.settings import Settings
from grail.dead_letters import DeadLetters
from grail.letters import Letter
from grail.localcloud.invocations import FunctionError
from grail.localcloud.queue_mapping import QueueMapping
from grail.localcloud.wiring import QueueSource
from tests import emulators
from tests.conftest import PROVE
from tests.fakes import MemoryObjects, MemoryQueue
from tests.platform import Clock
from tests.unit.event import LambdaContext

COUNT = 10_000
POISON_EVERY = 100
AT_ONCE = 100
"""How many are sent before any is received: moto looks at every message of a queue for each that it deletes."""
CONTEXT = LambdaContext(30_000)


class Line:
    """The inbox on moto's SQS; a bug keeps it from taking some of the events, until it is fixed."""

    def __init__(self, table: Table, stage: str, clock: Clock) -> None:
        settings = Settings.read({"STAGE": stage})
        self.clock = clock
        self.is_fixed = False
        self.tried = 0
        self.name = settings.queue_name(INBOX)
        self.sqs = emulators.client("sqs")
        self.queue = SqsQueue(self.name, client=self.sqs)
        services = bootstrap.build(
            settings, table=table, queues=lambda _: MemoryQueue(), objects=MemoryObjects(), now=clock.utc
        )
        perform = services.consumers[INBOX]._perform

        def stumble(body: str) -> str:
            self.tried += 1
            if not self.is_fixed and json.loads(body)["event"]["type"] == "poison":
                message = f"can't do {json.loads(body)['event']['id']}"
                raise RuntimeError(message)
            return perform(body)

        consumer = Consumer(self.queue, stumble, now=clock.utc)
        bootstrap.use(dataclasses.replace(services, consumers={INBOX: consumer}))
        self._mapping = QueueMapping(
            QueueSource(function="on_delivery", queue=self.name, batch_size=10),
            sqs=self.sqs,
            invoke=_invoke,
            now=clock,
        )

    def send(self, first: int, last: int) -> None:
        """Send events, by their numbers."""
        kinds = ["poison" if number % POISON_EVERY == 0 else "good" for number in range(first, last)]
        self.queue.send(
            PartnerSent(sender="partner", event=PartnerEvent(id=f"e{first + place}", type=kind))
            for place, kind in enumerate(kinds)
        )

    def work_off(self) -> None:
        """Deliver what there is now."""
        while self._mapping.has_work():
            self._mapping.step()

    def come_to_rest(self) -> None:
        """Deliver, and let time pass, until nothing waits any more."""
        self.work_off()
        while messages := emulators.messages(self.name):
            self.clock.now = max(self.clock.now, min(message.visible_at for message in messages) / 1000) + 0.001
            self.work_off()

    def dead(self) -> list[Letter]:
        """Return the dead letters, which stay."""
        return self._dead_letters().show(len(emulators.messages(f"{self.name}-dlq")))

    def redrive(self) -> int:
        """Move them back, as `python -m grail dlq redrive` does."""
        self.clock.now += 60
        return self._dead_letters().redrive(COUNT // POISON_EVERY, tell=lambda _: None).moved

    def _dead_letters(self) -> DeadLetters:
        return DeadLetters(self.sqs, queue=self.name, dead_letters=f"{self.name}-dlq", now=self.clock)


def _invoke(function: str, event: Mapping[str, Any]) -> Any:
    try:
        return app.handler_map[function](event, CONTEXT)
    except BatchError as error:
        raise FunctionError({"errorType": "BatchError", "errorMessage": str(error)}) from error


@pytest.fixture(params=["memory", pytest.param("moto", marks=pytest.mark.skipif(not PROVE, reason="make prove"))])
def table(request: pytest.FixtureRequest, stage: str) -> Table:
    """Return an empty table."""
    if request.param == "memory":
        return MemoryTable()
    return DynamoTable(Settings.read({"STAGE": stage}).table_name, client=emulators.dynamodb())


@pytest.fixture
def stage(_moto: None) -> str:
    """Create a stage."""
    return emulators.create_stage()[0]


@pytest.fixture
def line(table: Table, stage: str) -> Iterator[Line]:
    """Return the inbox."""
    clock = Clock()
    with emulators.on_clock(clock):
        yield Line(table, stage, clock)
    bootstrap.use(None)


def kept(table: Table) -> set[str]:
    """Return the ids of the events that are in the inbox; each is there once."""
    found = table.query(keys.BY_LIST, keys.shard(keys.INBOX, 0), after=None, limit=COUNT + 1)
    ids = {item["event_id"] for item in found}
    assert len(ids) == len(found)
    return ids


def test_ten_thousand_messages(line: Line, table: Table, figure: Callable[[str], None]) -> None:
    """9,900 effects and 100 dead letters, each with its error; then, with the bug fixed and a redrive, all 10,000."""
    poison = {f"e{number}" for number in range(0, COUNT, POISON_EVERY)}
    for first in range(0, COUNT, AT_ONCE):
        line.send(first, first + AT_ONCE)
        line.work_off()
    line.come_to_rest()
    effects, dead, tried = kept(table), line.dead(), line.tried
    assert len(effects) == COUNT - len(poison) == 9_900
    assert effects.isdisjoint(poison)
    assert {json.loads(letter.body)["event"]["id"]: letter.error for letter in dead} == {
        identifier: f"RuntimeError: can't do {identifier}" for identifier in poison
    }
    assert len(dead) == len(poison) == 100
    assert tried == COUNT - len(poison) + RECEIVES * len(poison)
    line.is_fixed = True
    moved = line.redrive()
    line.come_to_rest()
    assert moved == len(poison)
    assert len(kept(table)) == COUNT
    assert emulators.messages(line.name) == emulators.messages(f"{line.name}-dlq") == []
    figure(
        f"many messages: {COUNT:,} sent, {len(effects):,} effects, {len(dead)} dead letters, {moved} redriven, "
        f"{len(kept(table)):,} effects; {tried - COUNT} attempts more than messages"
    )
