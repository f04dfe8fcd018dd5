"""What a dependency's faults become: the right answer after a retry, or a 503; never a wrong answer."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import Client

from chalicelib.repositories.attempts import ATTEMPTS
from tests.api.conftest import Caller
from tests.api.faults import FAILED, KINDS, LOST_AFTER, THROTTLED, Faults
from tests.conftest import PROVE
from tests.unit.event import LambdaContext, event

PERSON = {"name": "Grace", "email": "grace@example.com"}
TOKEN = {"principal": "alice", "roles": ["admin"]}
ROLE = {"permissions": ["notes:read"]}
ORDER = {"currency": "EUR", "lines": [{"sku": "tea", "quantity": 2, "unit_price": 450}]}

ANY = 0
"""Stands for whatever version."""
WRITES: list[tuple[str, str, Any, dict[str, str], int, int | None]] = [
    ("POST", "/people", PERSON, {}, 201, 1),
    ("POST", "/people", PERSON, {"Idempotency_Key": "k"}, 201, 1),
    ("PATCH", "{ada}", {"name": "B"}, {}, 200, 2),
    ("PATCH", "{ada}", {"name": "B"}, {"If_Match": '"1"'}, 200, 2),
    ("PATCH", "{ada}", {"email": "b@example.com"}, {}, 200, 2),
    ("PUT", "{ada}", {"name": "B", "email": "b@example.com"}, {"If_Match": '"1"'}, 200, 2),
    ("DELETE", "{ada}", None, {}, 204, None),
    ("POST", "{ada}/orders", ORDER, {}, 201, 1),
    ("POST", "/api/notes", {"title": "a"}, {}, 201, 1),
    ("POST", "/api/notes", {"title": "a"}, {"Idempotency_Key": "k"}, 201, 1),
    ("GET", "{ada}", None, {}, 200, 1),
    ("GET", "/people", None, {}, 200, None),
    ("PUT", "/access/principals/eve", {"grants": ["a:b"]}, {}, 200, ANY),
    ("PUT", "{reader}", {"roles": ["admin"]}, {}, 200, ANY),
    ("PUT", "{reader}", {"roles": ["viewer"]}, {"If_Match": "*"}, 200, ANY),
    ("DELETE", "{reader}", None, {}, 204, None),
    ("GET", "{reader}", None, {}, 200, ANY),
    ("PUT", "/access/roles/helper", ROLE, {}, 200, ANY),
    ("PUT", "/access/roles/viewer", ROLE, {"If_Match": '"1"'}, 200, 2),
    ("DELETE", "/access/roles/editor", None, {}, 204, None),
    ("GET", "/access/roles", None, {}, 200, None),
    ("POST", "/access/tokens", TOKEN, {}, 201, 1),
    ("POST", "/access/tokens", TOKEN, {"Idempotency_Key": "k"}, 201, 1),
    ("DELETE", "{readers_token}", None, {}, 204, None),
    ("GET", "/access/audit", None, {}, 200, None),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status", "version"), WRITES)
@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize("place", range(3))
def test_one_fault_is_not_noticed(
    admin: Caller,
    at: Callable[[str], str],
    faults: Faults,
    method: str,
    path: str,
    body: Any,
    headers: dict[str, str],
    status: int,
    version: int | None,
    fault: str,
    place: int,
) -> None:
    """Whichever call fails once, and however: the effect is there once, and the caller is told so."""
    path = at(path)
    faults.plan = [None] * place + [fault]
    answer = admin(method, path, body, **headers)
    assert answer.status == status
    tag = answer.headers.get("ETag")
    assert tag is not None if version == ANY else tag == (None if version is None else f'"{version}"')
    assert "Idempotent-Replayed" not in answer.headers


@pytest.mark.parametrize("fault", KINDS)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/people", PERSON),
        ("GET", "{ada}", None),
        ("DELETE", "{ada}", None),
        ("PUT", "{reader}", {}),
        ("DELETE", "{reader}", None),
        ("GET", "/access/roles", None),
        ("PUT", "/access/roles/helper", ROLE),
        ("POST", "/access/tokens", TOKEN),
    ],
)
def test_lasting_faults_are_503(
    admin: Caller, at: Callable[[str], str], faults: Faults, method: str, path: str, body: Any, fault: str
) -> None:
    """After a bounded number of tries the caller is told to come back."""
    path = at(path)
    faults.plan = [fault] * 50
    answer = admin(method, path, body)
    if fault == LOST_AFTER and method != "GET":
        assert answer.status in {200, 201, 204, 503}
    else:
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "1"
    assert len(faults.calls) <= ATTEMPTS


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "{reader}", {"grants": ["a:b"]}),
        ("DELETE", "{reader}", None),
        ("PUT", "/access/roles/helper", ROLE),
        ("DELETE", "/access/roles/editor", None),
        ("POST", "/access/tokens", TOKEN),
        ("DELETE", "{readers_token}", None),
    ],
)
@pytest.mark.parametrize("fault", KINDS)
def test_a_change_of_access_is_told_once(
    admin: Caller, at: Callable[[str], str], faults: Faults, method: str, path: str, body: Any, fault: str
) -> None:
    """However the write fails at first, the audit has one entry more."""
    path = at(path)
    before = len(admin("GET", "/access/audit").body["items"])
    faults.plan = [None, fault]
    assert admin(method, path, body).status in {200, 201, 204}
    assert len(admin("GET", "/access/audit").body["items"]) == before + 1


def test_a_503_can_be_repeated_with_the_key(admin: Caller, faults: Faults) -> None:
    """Whatever became of the first request, the second makes no second thing."""
    for lost in itertools.product([LOST_AFTER, FAILED], repeat=ATTEMPTS if PROVE else 2):
        faults.plan = [*lost, *[FAILED] * (ATTEMPTS - len(lost))]
        body = {**PERSON, "email": f"{'-'.join(lost).replace(' ', '-')}@example.com"}
        assert admin("POST", "/people", body, Idempotency_Key=body["email"]).status in {201, 503}
        faults.plan = []
        answer = admin("POST", "/people", body, Idempotency_Key=body["email"])
        assert answer.status == 201
        people = [
            person for person in admin("GET", "/people?limit=100").body["items"] if person["email"] == body["email"]
        ]
        assert [person["id"] for person in people] == [answer.body["id"]]


def test_pauses_are_jittered_and_grow(admin: Caller, ada: str, faults: Faults) -> None:
    """No two clients retry in step, and none waits long."""
    pauses = []
    for _ in range(20):
        faults.slept.clear()
        faults.plan = [THROTTLED] * ATTEMPTS
        admin("GET", ada)
        pauses.append(list(faults.slept))
    assert len({tuple(each) for each in pauses}) == 20
    assert max(each[-1] for each in pauses) > max(each[0] for each in pauses)
    assert all(0 <= pause <= 1 for each in pauses for pause in each)


@pytest.mark.parametrize(("milliseconds", "calls"), [(10_000, ATTEMPTS), (500, 0)])
def test_retries_end_before_the_invocation_does(
    client: Client, ada: str, faults: Faults, milliseconds: float, calls: int
) -> None:
    """With no time left for a try, the 503 comes at once."""
    faults.plan = [THROTTLED] * 50
    sent = event("GET", "/people/{person_id}", path={"person_id": ada.removeprefix("/people/")})
    assert client._app(sent, LambdaContext(milliseconds))["statusCode"] == 503
    assert len(faults.calls) == calls
