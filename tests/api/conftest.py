"""The app under `chalice.test.Client`, on moto in this process."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from chalice.test import Client
from moto import mock_aws

from app import app
from chalicelib import bootstrap, tools
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.settings import Settings
from grail.localcloud import moto_mends
from tests import emulators
from tests.api.faults import Faults


class Answer(NamedTuple):
    """A response; `body` is the JSON value, or the text if it is none."""

    status: int
    headers: dict[str, str]
    body: Any


class Caller:
    """Calls the API as somebody."""

    def __init__(self, client: Client, token: str | None) -> None:
        self._client = client
        self._token = token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; a body that is no text is sent as JSON. `If_Match` stands for the header `If-Match`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        answer = self._client.http.request(method, path, headers=sent, body=raw)
        text = answer.body.decode()
        return Answer(answer.status_code, answer.headers, answer.json_body if text[:1] in {"{", "["} else text)


@pytest.fixture(scope="session")
def _moto() -> Iterator[None]:
    """Mock AWS in this process."""
    moto_mends.apply()
    with mock_aws():
        yield


@pytest.fixture(scope="session")
def _table(_moto: None) -> str:
    """Create a table for all tests of a worker; each finds it empty. Return its name."""
    return emulators.create_table()


@pytest.fixture
def faults(_table: str) -> Iterator[Faults]:
    """Give the app a table on moto whose calls are recorded and can be made to fail."""
    faults = Faults(emulators.dynamodb())
    client: Any = faults
    emulators.clear(_table)
    name, settings = _table, Settings.read({})
    services = bootstrap.build(settings, table=DynamoTable(name, client=client, sleep=faults.slept.append))
    authorizer = bootstrap.build(settings, table=DynamoTable(name, client=emulators.dynamodb()))
    bootstrap.use(dataclasses.replace(services, credentials=authorizer.credentials))  # a function of its own on AWS
    yield faults
    bootstrap.use(None)


@pytest.fixture
def client(faults: Faults) -> Client:  # noqa: ARG001 - the app's table
    """Return Chalice's test client."""
    return Client(app)


@pytest.fixture(scope="session")
def _tokens(_table: str) -> Callable[[str, str], str]:
    """Return what gives a principal a role and makes a token: once, and from then on puts what that wrote there again.

    In an empty table, that is.
    """

    @cache
    def made(role: str, subject: str) -> tuple[str, Callable[[], None]]:
        return tools.token(role=role, subject=subject), emulators.kept(_table)

    def token(role: str, subject: str) -> str:
        found, restore = made(role, subject)
        restore()
        return found

    return token


@pytest.fixture
def admin(client: Client, faults: Faults, _tokens: Callable[[str, str], str]) -> Caller:
    """Return a caller who may do all."""
    caller = Caller(client, _tokens("admin", "alice"))
    faults.calls.clear()
    return caller


@pytest.fixture
def viewer(client: Client, admin: Caller) -> Caller:  # noqa: ARG001 - who comes first, into an empty table
    """Return a caller who may only read."""
    return Caller(client, tools.token(role="viewer", subject="victor"))


@pytest.fixture
def nobody(client: Client) -> Caller:
    """Return a caller without a token."""
    return Caller(client, None)


@pytest.fixture
def ada(admin: Caller, faults: Faults) -> str:
    """Return the path of a person."""
    made = admin("POST", "/people", {"name": "Ada", "email": "ada@example.com"})
    faults.calls.clear()
    return f"/people/{made.body['id']}"


@pytest.fixture
def reader(admin: Caller, faults: Faults) -> str:
    """Return the path of a principal with a role."""
    path = "/access/principals/reader"
    admin("PUT", path, {"roles": ["viewer"]})
    faults.calls.clear()
    return path


@pytest.fixture
def readers_token(admin: Caller, reader: str, faults: Faults) -> str:
    """Return the path of a service token of that principal."""
    made = admin("POST", "/access/tokens", {"principal": reader.rpartition("/")[2], "roles": ["viewer"]})
    faults.calls.clear()
    return f"/access/tokens/{made.body['id']}"


@pytest.fixture
def at(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return what puts into a path the fixtures that are named in it, as in `{ada}/orders`."""

    def fill(path: str) -> str:
        names = re.findall(r"{(\w+)}", path)
        return path.format(**{name: request.getfixturevalue(name) for name in names})

    return fill
