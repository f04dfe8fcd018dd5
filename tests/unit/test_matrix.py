"""Every route by every kind of credential: generated from what the app declares, each cell's status asserted.

A route that is added is in the matrix by itself, a resource with all its routes. Where one has a parameter or a body
that nothing here can fill, the test says so.
"""

import dataclasses
import importlib.util
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest

import app as app_module
from app import app
from chalicelib import bootstrap
from chalicelib.access.oidc import Keys, OidcIssuer
from chalicelib.models.caller import Caller
from chalicelib.models.documents import DocumentNew
from chalicelib.models.entity import Entity
from chalicelib.models.orders import OrderNew
from chalicelib.models.people import PersonNew
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.roles import RoleNew
from chalicelib.models.tokens import TokenNew
from chalicelib.repositories.memory import MemoryTable
from chalicelib.services.resources import RESOURCES
from chalicelib.settings import Settings
from chalicelib.web.api import Api
from chalicelib.web.endpoint import Endpoint
from tests import identity
from tests.conftest import PROVE
from tests.fakes import MemoryObjects, MemoryQueue
from tests.front import Front, HttpFront
from tests.sample import sample

ORDER = {"currency": "EUR", "lines": [{"sku": "tea", "quantity": 1, "unit_price": 450}]}
DOCUMENT = {"filename": "tea.txt", "content_type": "text/plain", "size": 11}
BODIES: dict[str, Any] = {
    "PersonNew": {"name": "Grace", "email": "grace@example.com"},
    "PersonPatch": {"name": "Grace"},
    "OrderNew": ORDER,
    "DocumentNew": DOCUMENT,
    "PrincipalNew": {},
    "RoleNew": {"permissions": ["access:grant"]},
    "TokenNew": {"principal": f"user:{identity.SUBJECT}", "roles": ["custom"]},
}
"""A body for each model that needs a special one; what it asks for, `access:grant` is enough to give."""


USER = Caller(f"user:{identity.SUBJECT}")
OTHER = Caller("other")


class World:
    """A permission store and things of one owner."""

    def __init__(self, table: MemoryTable | None = None) -> None:
        keys = Keys(identity.KEYS_URL, fetch=lambda _: identity.jwks())
        issuer = OidcIssuer(identity.ISSUER, identity.AUDIENCE, keys)
        self.now = datetime.now(UTC)
        self.table = table or MemoryTable()
        self.services = bootstrap.build(
            dataclasses.replace(Settings.read({}), mocks_in_memory=False),  # all in the one table
            table=self.table,
            queues=lambda _: MemoryQueue(),
            objects=MemoryObjects(),
            issuer=lambda: issuer,
            now=lambda: self.now,
        )
        self.services.roles.put("custom", RoleNew(permissions=["access:grant"]), expected=None, caller=OTHER)
        self.grant("machine", roles=["custom"])

    def grant(self, principal: str, **given: list[str]) -> None:
        """Say what a principal may."""
        self.services.principals.put(principal, PrincipalNew(**given), expected=None, caller=OTHER)

    def machine_token(self) -> str:
        """Make a service token and return its text."""
        body = TokenNew(principal="machine", roles=["custom"], expires_in=60)
        return str(self.services.tokens.create(body, once=None, caller=OTHER).entity.secret)

    def path(self, route: str, owner: Caller) -> str:
        """Return a route's path with the ids of things that are there, and the owner's."""
        for part in route.split("/"):
            if part.startswith("{"):
                name = part[1:-1]
                assert name in MAKERS, f"{route}: say in tests/unit/test_matrix.py how to make a {name}"
                route = route.replace(part, MAKERS[name](self, route, owner))
        return route


def _person(world: World, _: str, owner: Caller) -> str:
    body = PersonNew(name="Ada", email="ada@example.com")
    return world.services.people.create(body, once=None, caller=owner).entity.id


def _order(world: World, route: str, owner: Caller) -> str:
    person = _person(world, route, owner)
    return world.services.orders.place(person, OrderNew.model_validate(ORDER), once=None, caller=owner).entity.id


def _document(world: World, route: str, owner: Caller) -> str:
    person = route.split("/")[2]  # made before: it stands before
    body = DocumentNew.model_validate(DOCUMENT)
    return world.services.documents.create(person, body, once=None, caller=owner).entity.id


def _item(world: World, route: str, owner: Caller) -> str:
    name = route.split("/")[2]
    if RESOURCES[name].contents:
        return next(iter(RESOURCES[name].contents or ()))
    new = RESOURCES[name].shapes.new
    body = new.model_validate(sample(new))
    made: Entity = world.services.resources[name].create(body, once=None, caller=owner).entity
    return made.id


def _token(world: World, *_: Any) -> str:
    return world.machine_token().split("_")[2]


MAKERS: dict[str, Callable[[World, str, Caller], str]] = {
    "person_id": _person,
    "order_id": _order,
    "document_id": _document,
    "item_id": _item,
    "token_id": _token,
    "role": lambda *_: "custom",
    "principal": lambda *_: "machine",
    "asset": lambda *_: "swagger-ui.css",
}


@cache
def wrong_tokens() -> dict[str, str]:
    """Return the JWTs that are wrong in one way."""
    return identity.wrong()


def credentials(world: World, endpoint: Endpoint) -> Iterator[tuple[str, str | None]]:
    """Set the world up for each kind of credential, and yield the kind and the token."""
    permission = endpoint.permission or "any:thing"
    yield "no credential", None
    yield from wrong_tokens().items()
    yield "a service token with another secret", world.machine_token() + "x"
    yield "an expired service token", _expired(world)
    yield "a revoked service token", _revoked(world)
    yield "no permission", identity.token()
    roles = ["custom"] if endpoint.body is TokenNew else []  # a token is for the caller, and of a role of theirs
    world.grant(USER.principal, roles=roles, grants=[permission], denies=[permission])
    yield "denied", identity.token()
    world.grant(USER.principal, grants=[f"{permission}:own"])
    yield "other owner", identity.token()
    yield "own", identity.token()
    world.grant(USER.principal, roles=roles, grants=[permission])
    yield "right permission", identity.token()
    world.grant(USER.principal, roles=["admin", *roles])
    yield "admin", identity.token()


def _expired(world: World) -> str:
    token = world.machine_token()
    world.now += timedelta(seconds=60)
    return token


def _revoked(world: World) -> str:
    token = world.machine_token()
    world.services.tokens.revoke(token.split("_")[2], expected=None, caller=OTHER)
    return token


def expected(kind: str, path: str, endpoint: Endpoint) -> int:
    """Return the status that a cell must have."""
    success = int(endpoint.status)
    if endpoint.public:
        return success
    if "token" in kind or kind == "no credential" or kind in wrong_tokens():
        return 401
    if endpoint.permission is None or kind in {"right permission", "admin"}:
        return success
    if not endpoint.owned or kind in {"no permission", "denied"}:
        return 403
    return 404 if kind == "other owner" and "{" in path else success


ROUTES = [(path, method) for path, entries in app.routes.items() for method in entries]


def test_the_matrix_has_every_route() -> None:
    """What Chalice will deploy is what is an endpoint, and is what is tested."""
    assert set(ROUTES) == set(app.operations)
    assert len(ROUTES) > 40


@pytest.fixture(scope="module")
def http_app() -> Iterator[Api]:
    """Return the app of a stage whose API is an HTTP API."""
    spec = importlib.util.spec_from_file_location("http_app", app_module.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHORIZER", "http")
        spec.loader.exec_module(module)
    yield module.app
    bootstrap.use(None)


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_a_route_answers_each_credential(path: str, method: str) -> None:
    """401 for a bad one, 403 without the permission, 404 for somebody else's, and what was asked for to who may."""
    check(path, method, lambda: Front(app))


@pytest.mark.parametrize(("path", "method"), ROUTES if PROVE else ROUTES[::5])
def test_a_route_of_an_http_api_answers_each_credential(path: str, method: str, http_app: Api) -> None:
    """The same: by its authorizer's payload 2.0, and its events of payload 1.0."""
    check(path, method, lambda: HttpFront(http_app))


def check(path: str, method: str, front: Callable[[], Front]) -> None:
    """Send a route each kind of credential, each in a world and through a gateway of its own."""
    endpoint = app.operations[path, method].endpoint
    body = None
    if endpoint.body:
        body = BODIES.get(endpoint.body.__name__) or sample(endpoint.body)
    headers = {"Content_Type": "application/merge-patch+json"} if method == "PATCH" else {}
    statuses, wanted = {}, {}
    kinds = [kind for kind, _ in credentials(World(), endpoint)]
    for number, kind in enumerate(kinds):
        world = World()
        token = next(token for index, (_, token) in enumerate(credentials(world, endpoint)) if index == number)
        bootstrap.use(world.services)
        real_path = world.path(path, OTHER if kind == "other owner" else USER)
        statuses[kind] = front()(method, real_path, token=token, body=body, **headers).status
        wanted[kind] = expected(kind, path, endpoint)
    bootstrap.use(None)
    assert statuses == wanted
