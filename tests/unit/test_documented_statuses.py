"""Each status that the OpenAPI document names can be had: each operation is asked in every way that it can refuse.

A route that is added is here by itself. Where one does not answer as documented, the document is wrong, or `ANOTHER` or
`CONFLICTS` must say what is special about it. That no other test sees another status, tests/statuses.py checks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from string import ascii_lowercase
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from app import app
from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.repositories import records
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.records import tombstone
from chalicelib.repositories.table import VERSION, Check, Delete, Put, Update
from chalicelib.settings import Settings
from chalicelib.web import bodies, openapi
from grail.localcloud.gateway import API_HANDLER
from grail.localcloud.usage import UsagePlan
from tests import identity
from tests.fakes import MemoryObjects, MemoryQueue
from tests.front import Answer, Front
from tests.sample import sample
from tests.unit.test_matrix import BODIES, USER, World

ANOTHER: Mapping[str, Mapping[str, Any]] = {"OrderNew": {"currency": "USD"}, "TokenNew": {"expires_in": 60}}
"""What makes another body of a model's; where nothing is said, its first text with an end."""

CONFLICTS: Mapping[str, Callable[[World, str], object]] = {
    "cancel_order": lambda world, path: world.services.orders.confirm(path.split("/")[2]),
}
"""What must have happened to the thing at a path, so that a change, by its operation's id, can't be done any more.

Where nothing is said, others keep changing it. A creation conflicts where what its key made has been deleted since.
"""

MANY = [f"{letter * 40}:{action}" for letter in ascii_lowercase for action in ("read", "write")]
"""More grants than an authorizer hands over: the handler has to read them, whatever else it reads."""

PLAN = UsagePlan(rate_limit=0.001, burst_limit=3)
"""As many requests as any status here takes, but for the one that a plan is about."""


class CrowdedTable(MemoryTable):
    """A table that others write to. While it is `contended`, they change each thing just before it is written."""

    contended = False

    def bury(self, identifier: str, at: datetime) -> None:
        """Delete a thing, by its id."""
        [(key, item)] = [(key, item) for key, item in self._items.items() if item.get("id") == identifier]
        self._items[key] = tombstone(item, at)

    def _check(self, index: int, write: Put | Update | Delete | Check) -> None:
        if self.contended and write.key in self._items:
            self._items[write.key][VERSION] += 1
        super()._check(index, write)


class SilentClient:
    """A client of a service that does not answer."""

    def __getattr__(self, _: str) -> Callable[..., Any]:
        """Return any method."""

        def call(**_: Any) -> Any:
            raise ConnectTimeoutError(endpoint_url="http://aws")

        return call


@cache
def cut_off() -> Services:
    """Return the services of a process that can't reach the table."""
    client: Any = SilentClient()
    table = DynamoTable("table", client=client, sleep=lambda _: None)
    return bootstrap.build(Settings.read({}), table=table, queues=lambda _: MemoryQueue(), objects=MemoryObjects())


class Stage(Front):
    """A stage where an operation can be done, and the request for it. While it is `cut_off`, the handler is alone."""

    cut_off = False

    def __init__(self, path: str, method: str) -> None:
        super().__init__(app, plan=PLAN)
        self.endpoint = app.operations[path, method].endpoint
        self.table = CrowdedTable()
        self.world = World(self.table)
        self.grant()
        self.path = self.world.path(path, USER)
        self.nowhere = "/".join(
            real + "x" * part.startswith("{") for part, real in zip(path.split("/"), self.path.split("/"), strict=True)
        )
        model = self.endpoint.body
        self.body: Any = model and (BODIES.get(model.__name__) or sample(model))
        self._method = method

    def grant(self, *more: str) -> None:
        """Let the caller do what the operation needs, and more."""
        needed = [self.endpoint.permission] if self.endpoint.permission else []
        self.world.grant(USER.principal, roles=["custom"], grants=[*needed, *more])

    def ask(self, **changed: Any) -> Answer:
        """Send the request, but for what is changed in it."""
        sent = {"path": self.path, "token": identity.token(), "body": self.body, **changed}
        return self(self._method, **sent)

    def another_body(self) -> dict[str, Any]:
        """Return another body than that of the request."""
        assert self.endpoint.body
        name, text = next((name, value) for name, value in self.body.items() if isinstance(value, str))
        return {**self.body, **ANOTHER.get(self.endpoint.body.__name__, {name: f"{text}b"})}

    def _invoke(self, name: str, event: dict[str, Any]) -> Any:
        bootstrap.use(cut_off() if self.cut_off and name == API_HANDLER else self.world.services)
        return super()._invoke(name, event)


def not_modified(stage: Stage) -> Answer:
    """Have it already."""
    return stage.ask(If_None_Match=stage.ask().headers.get("ETag", "*"))


def forbidden(stage: Stage) -> Answer:
    """Hold no permission and no API key."""
    stage.world.grant(USER.principal)
    return stage.ask(x_api_key="unknown")


def conflict(stage: Stage) -> Answer:
    """Want what can't be done any more, or what others keep changing."""
    if stage.endpoint.created:
        stage.table.bury(stage.ask(Idempotency_Key="k").body["id"], stage.world.now)
        return stage.ask(Idempotency_Key="k")
    if stage.endpoint.__name__ in CONFLICTS:
        CONFLICTS[stage.endpoint.__name__](stage.world, stage.path)
    else:
        stage.table.contended = True
    return stage.ask()


def key_reused(stage: Stage) -> Answer:
    """Ask for something else with the same key."""
    stage.ask(Idempotency_Key="k")
    return stage.ask(Idempotency_Key="k", body=stage.another_body() if stage.endpoint.created else stage.body)


def too_many(stage: Stage) -> Answer:
    """Ask once more than the plan allows."""
    return [stage.ask() for _ in range(1 + int(PLAN.burst_limit or 0))][-1]


def unavailable(stage: Stage) -> Answer:
    """Ask while the table does not answer."""
    stage.grant(*MANY)
    stage.cut_off = True
    return stage.ask()


WAYS: Sequence[Callable[[Stage], Answer]] = (
    Stage.ask,  # success
    not_modified,
    lambda stage: stage.ask(path=f"{stage.path}?unknown=1"),  # 400
    lambda stage: stage.ask(token=None),  # 401
    forbidden,
    lambda stage: stage.ask(path=stage.nowhere),  # 404
    conflict,
    lambda stage: stage.ask(If_Match='"999"'),  # 412
    lambda stage: stage.ask(body="a" * bodies.MAX_BYTES),  # 413
    lambda stage: stage.ask(Content_Type="text/plain"),  # 415
    key_reused,  # 422
    too_many,  # 429
    unavailable,  # 503
)
"""How each status is had, where an operation has it."""


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give up a race at the first loss, without the pauses; leave no services behind."""
    monkeypatch.setattr(records, "ATTEMPTS", 1)
    yield
    bootstrap.use(None)


PATHS = openapi.describe(app)["paths"]


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, found in PATHS.items() for method in found])
def test_an_operation_has_the_statuses_that_it_documents(path: str, method: str) -> None:
    """Success, and every refusal that a client is told to expect; and no other."""
    documented = {int(status) for status in PATHS[path][method]["responses"]}
    had = {way(Stage(path, method.upper())).status for way in WAYS}
    assert had == documented, f"{method.upper()} {path}: correct the document, or say in WAYS how its status is had"
