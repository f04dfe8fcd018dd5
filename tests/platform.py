"""A stage in this process: the app on moto, and what AWS does between an event and a function.

Queues and the stream reach the functions through local mode's own mappings, each driven step by step. No time passes
but by its clock: when nothing is due, the clock moves on to what is next.
"""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol
from urllib.parse import urljoin

import pytest
from chalice.app import CloudWatchEventConfig
from chalice.test import Client
from moto.events.models import EventPattern

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.errors import UnavailableError
from chalicelib.models.caller import Caller
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.tokens import TokenNew
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.objects import S3Objects
from chalicelib.repositories.queue import EVENTS, INBOX, SqsQueue
from chalicelib.repositories.table import Item
from chalicelib.settings import Settings
from grail.dead_letters import DeadLetters
from grail.iam import recorder
from grail.localcloud.asynchronous import Asynchronous
from grail.localcloud.gateway import API_HANDLER
from grail.localcloud.invocations import FunctionError
from grail.localcloud.queue_mapping import QueueMapping
from grail.localcloud.stream_mapping import StreamMapping
from grail.localcloud.wiring import QueueSource, StreamSource
from tests import emulators
from tests.fakes import MemoryObjects, MemoryQueue
from tests.front import Answer
from tests.poller import Killed
from tests.unit.event import LambdaContext

NOON = 1_768_478_400.0
"""When every stage's clock begins: 2026-01-15, noon (UTC)."""
API = "api"
ADMIN = Caller("alice")

_TRIES = 8
"""How often a good client sends a request."""
_ROUNDS = 600
"""More than anything here takes to come to rest."""
_MOMENT = 0.001


class Clock:
    """A clock that stands still until somebody moves it; Unix seconds."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def utc(self) -> datetime:
        """Return the time as the app wants it."""
        return datetime.fromtimestamp(self.now, UTC)


class Clients(Protocol):
    """What stands before the app's clients, while it is open; `dead` when it ended the process that uses them."""

    open: bool
    dead: bool

    def on(self, client: Any) -> Any:
        """Return the client that the app gets."""


class _Part(Protocol):
    def has_work(self) -> bool: ...

    def step(self) -> bool: ...


class Platform:
    """A stage, empty at first. `taps` stand before the clients that the functions use, and before no other.

    Functions run in processes of their own, as on AWS: one that is killed begins anew, and knows nothing any more.
    """

    def __init__(self, created: tuple[str, str], taps: Clients, *, reports_failures: bool = False) -> None:
        name, stream = created
        emulators.empty(name)
        self.clock = Clock()
        self.settings = Settings.read({"STAGE": name, "ORDER_SHARDS": "2"})
        self.sqs, self._s3 = emulators.client("sqs"), emulators.client("s3")
        self.stopped: set[str] = set()
        """Functions that get nothing for now."""
        self.meanwhile: Callable[[], object] | None = None
        """What somebody else does when a function next waits before it calls AWS again."""
        self.repeated = False
        """Whether the client had to repeat the latest request."""
        self.dropped: list[str] = []
        self.poison: set[str] = set()
        """The bodies of messages that must end on a dead-letter queue."""
        self.made: list[str] = []
        """The paths of what clients were told that it was made."""
        self.calls: list[recorder.Call] = []
        """What functions asked of AWS; the API's only where the authorizer is not in its process."""
        self._taps = taps
        self._numbers = itertools.count(1)
        self._processes: dict[str, Services] = {}
        self._gate, self._token = _gate()
        self._tapped_gate = False
        self.arrange = self._build(_Untapped(), now=self.clock.utc)
        """Services whose calls are nobody's: to arrange things, and to look at them."""
        self.asynchronous = Asynchronous(invoke=self.invoke, say=self.dropped.append, now=self.clock)
        source = StreamSource(function="on_change", stream=stream, position="TRIM_HORIZON")
        streams = emulators.Streams(self.settings.table_name)
        self._parts: dict[str, _Part] = {
            "on_change": StreamMapping(source, streams=streams, invoke=self.invoke, now=self.clock),
            "on_event": self._mapping("on_event", EVENTS, reports_failures=reports_failures),
            "on_delivery": self._mapping("on_delivery", INBOX, reports_failures=reports_failures),
            "asynchronous": self.asynchronous,
        }

    # Clients

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request as a good client does: again while it is not answered, or answered with a 5xx."""
        answer = Answer(0, {}, None)
        for number in range(_TRIES):
            self.repeated = number > 0
            answer = self._send(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
            if answer.status < 500:
                break
            self.clock.now += 1
        if answer.status == 201:
            answer.headers["Location"] = urljoin(path, answer.headers["Location"])
            self.made.append(answer.headers["Location"])
        return answer

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json", **headers}
        bootstrap.use(self._process(API))
        note = _nowhere if self._tapped_gate else self.calls.append
        try:
            with recorder.calling(API_HANDLER, note):
                answer = Client(app).http.request(method, path, headers=sent, body=raw)
        except UnavailableError:  # the authorizer's: API Gateway answers 500 then
            return Answer(500, {}, None)
        except Killed:
            self._bury(API)
            return Answer(502, {}, None)
        assert not self._taps.dead, "a request lived on after its end"
        text = answer.body.decode()
        return Answer(answer.status_code, answer.headers, json.loads(text) if text[:1] in {"{", "["} else text)

    def upload(self, form: Mapping[str, Any], content: bytes) -> dict[str, Any]:
        """Upload a file with a document's form; return S3's event, which is on its way."""
        key = form["fields"]["key"]
        self._s3.put_object(Bucket=self.settings.bucket_name, Key=key, Body=content)
        return self.tell_upload(key)

    def tell_upload(self, key: str) -> dict[str, Any]:
        """Send S3's event of an object, as long as it is there."""
        found = self._s3.head_object(Bucket=self.settings.bucket_name, Key=key)
        s3_object = {"key": key, "size": found["ContentLength"], "etag": found["ETag"].strip('"')}
        s3_object["version-id"] = found["VersionId"]
        detail = {
            "bucket": {"name": self.settings.bucket_name},
            "object": {**s3_object, "sequencer": f"{next(self._numbers):018X}"},
        }
        event = self._event("aws.s3", "Object Created", detail)
        self.put(event)
        return event

    def put(self, event: Any) -> None:
        """Put an event on the bus. The app's rule is that of another stage, and so another bucket."""
        for source in app.event_sources:
            if isinstance(source, CloudWatchEventConfig):
                pattern = json.loads(json.dumps(source.event_pattern))
                pattern["detail"]["bucket"]["name"] = [self.settings.bucket_name]
                assert EventPattern.load(json.dumps(pattern)).matches_event(event)
                self.asynchronous.put(source.name, event)

    def fire(self, schedule: str) -> None:
        """Let a schedule's time come."""
        self.asynchronous.put(schedule, self._event("aws.events", "Scheduled Event", {}))

    def _event(self, source: str, kind: str, detail: dict[str, Any]) -> dict[str, Any]:
        """Return an event of EventBridge's."""
        return {
            "version": "0", "id": f"event-{next(self._numbers)}", "detail-type": kind, "source": source,
            "account": "123456789012", "time": self.clock.utc().strftime("%Y-%m-%dT%H:%M:%SZ"), "region": "us-east-1",
            "resources": [], "detail": detail,
        }  # fmt: skip

    # Functions

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:
        """Run a function as Lambda does, with JSON in and out. Raises FunctionError."""
        bootstrap.use(self._process(function))
        try:
            with recorder.calling(function, self.calls.append):
                answer = json.loads(json.dumps(app.handler_map[function](json.loads(json.dumps(event)), _CONTEXT)))
        except Killed as killed:
            self._bury(function)
            raise FunctionError({"errorType": "Runtime.ExitError"}) from killed
        except Exception as error:
            assert not self._taps.dead, f"{function} lived on after its end"
            raise FunctionError({"errorType": type(error).__name__, "errorMessage": str(error)}) from error
        assert not self._taps.dead, f"{function} lived on after its end"
        return answer

    def _bury(self, function: str) -> None:
        """Forget a process that was killed; the next one knows nothing of it."""
        del self._processes[function]
        self._taps.dead = False

    def _process(self, function: str) -> Services:
        if function not in self._processes:
            # A credential is checked by the real clock, with whatever else a test's clock may be used.
            gate = self._build(self._taps, now=bootstrap.utc_now) if self._tapped_gate else self._gate
            services = self._build(self._taps, now=self.clock.utc)
            self._processes[function] = dataclasses.replace(services, credentials=gate.credentials)
        return self._processes[function]

    def _build(self, taps: Clients, *, now: Callable[[], datetime]) -> Services:
        settings = self.settings
        dynamodb, sqs, s3 = (taps.on(emulators.client(name)) for name in ("dynamodb", "sqs", "s3"))
        return bootstrap.build(
            settings,
            table=DynamoTable(settings.table_name, client=dynamodb, now=self.clock, sleep=self._pause),
            queues=lambda name: SqsQueue(settings.queue_name(name), client=sqs, sleep=self._pause),
            objects=S3Objects(settings.bucket_name, client=s3, sleep=self._pause),
            now=now,
            new_id=lambda: f"id{next(self._numbers):022d}",
        )

    def _pause(self, _: float) -> None:
        """Take the place of a pause between two attempts."""
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            with recorder.calling("somebody else", _nowhere):
                meanwhile()

    def _mapping(self, function: str, queue: str, *, reports_failures: bool) -> QueueMapping:
        name = self.settings.queue_name(queue)
        source = QueueSource(function=function, queue=name, batch_size=10, reports_failures=reports_failures)
        return QueueMapping(source, sqs=self.sqs, invoke=self.invoke, now=self.clock)

    def tap_gate(self) -> None:
        """Let the authorizer use the stage's table, by clients that are tapped."""
        self._token = _token(self._build(_Untapped(), now=bootstrap.utc_now))
        self._tapped_gate = True

    @contextmanager
    def untapped(self) -> Iterator[None]:
        """Let no call be tapped while the block runs."""
        self._taps.open = False
        yield
        self._taps.open = True

    # Time

    def pump(self) -> None:
        """Let everything run that is due, and time pass, until nothing is on its way to a function that runs."""
        for _ in range(_ROUNDS):
            if not self.step():
                due = list(self._due())
                if not due:
                    return
                self.clock.now = max(self.clock.now, min(due)) + _MOMENT
        pytest.fail("the stage does not come to rest")

    def step(self) -> bool:
        """Let each part that has work do a round; tell whether one had."""
        parts = [part for name, part in self._parts.items() if name not in self.stopped and part.has_work()]
        for part in parts:
            part.step()
        return bool(parts)

    def _due(self) -> Iterator[float]:
        """Return when what is not due now will be."""
        stream: Any = self._parts["on_change"]
        if stream._batch and "on_change" not in self.stopped:
            yield stream._not_before
        yield from (due[0] for due in self.asynchronous._due)
        for function, queue in (("on_event", EVENTS), ("on_delivery", INBOX)):
            if function not in self.stopped:
                for message in self.messages(queue):
                    yield max(message.visible_at, message.delayed_until) / 1000

    def expire_items(self) -> None:
        """Remove the items whose TTL has passed, as DynamoDB does sooner or later."""
        for item in self.items():
            if item.get("ttl", self.clock.now + 1) <= self.clock.now:
                key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
                emulators.dynamodb().delete_item(TableName=self.settings.table_name, Key=key)

    # What there is

    def items(self) -> list[Item]:
        """Return everything in the table."""
        return emulators.items(self.settings.table_name)

    def history(self) -> list[tuple[Item | None, Item | None]]:
        """Return every write of the table: what was there before, and what was there then."""
        return emulators.changes(self.settings.table_name)

    def objects(self) -> dict[str, bytes]:
        """Return everything in the bucket."""
        return emulators.files(self.settings.bucket_name)

    def messages(self, queue: str) -> list[Any]:
        """Return a queue's messages."""
        return emulators.messages(self.settings.queue_name(queue))

    def dead(self, queue: str) -> list[Any]:
        """Return a queue's dead letters."""
        return emulators.messages(f"{self.settings.queue_name(queue)}-dlq")

    def send(self, queue: str, *bodies: str) -> None:
        """Send messages of any text."""
        url = self.sqs.get_queue_url(QueueName=self.settings.queue_name(queue))["QueueUrl"]
        for body in bodies:
            self.sqs.send_message(QueueUrl=url, MessageBody=body)

    def redrive(self, queue: str) -> int:
        """Move a queue's dead letters back to it, as `python -m grail dlq redrive` does; return how many."""
        name = self.settings.queue_name(queue)
        letters = DeadLetters(self.sqs, queue=name, dead_letters=f"{name}-dlq", now=self.clock)
        moved = letters.redrive(len(self.dead(queue)), tell=lambda _: None).moved
        self.clock.now += _MOMENT
        return moved


class _Untapped:
    open = dead = False

    def on(self, client: Any) -> Any:
        return client


def _nowhere(_: recorder.Call) -> None:
    pass


_CONTEXT = LambdaContext(30_000)


@cache
def _gate() -> tuple[Services, str]:
    """Return an authorizer's services, and a token of an administrator that it knows."""
    services = bootstrap.build(
        Settings.read({}), table=MemoryTable(), queues=lambda _: MemoryQueue(), objects=MemoryObjects()
    )
    return services, _token(services)


def _token(services: Services) -> str:
    services.principals.put(ADMIN.principal, PrincipalNew(roles=["admin"]), expected=None, caller=ADMIN)
    body = TokenNew(principal=ADMIN.principal, roles=["admin"])
    return str(services.tokens.create(body, once=None, caller=ADMIN).entity.secret)
