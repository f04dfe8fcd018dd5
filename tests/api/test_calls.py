"""How many calls of DynamoDB an operation costs."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.api.faults import Faults

PERSON = {"name": "Grace", "email": "grace@example.com"}
TOKEN = {"principal": "alice", "roles": ["admin"]}
ROLE = {"permissions": ["notes:read"]}
ORDER = {"currency": "EUR", "lines": [{"sku": "tea", "quantity": 2, "unit_price": 450}]}

COSTS: list[tuple[str, str, Any, dict[str, str], list[str]]] = [
    ("GET", "{ada}", None, {}, ["get_item"]),
    ("GET", "/people", None, {}, ["query"]),
    ("GET", "/people?limit=1", None, {}, ["query"]),
    ("POST", "/people", PERSON, {}, ["transact_write_items"]),
    ("POST", "/people", PERSON, {"Idempotency_Key": "k"}, ["transact_write_items"]),
    ("PATCH", "{ada}", {"name": "B"}, {"If_Match": '"1"'}, ["update_item"]),
    ("PATCH", "{ada}", {"name": "B", "email": "ADA@example.com"}, {"If_Match": '"1"'}, ["update_item"]),
    ("PUT", "{ada}", {"name": "B", "email": "ada@example.com"}, {"If_Match": '"1"'}, ["update_item"]),
    ("PATCH", "{ada}", {"name": "B"}, {}, ["get_item", "update_item"]),
    ("PATCH", "{ada}", {"email": "b@example.com"}, {"If_Match": '"1"'}, ["update_item", "transact_write_items"]),
    ("DELETE", "{ada}", None, {}, ["get_item", "transact_write_items"]),
    ("DELETE", "{ada}", None, {"If_Match": '"1"'}, ["get_item", "transact_write_items"]),
    ("POST", "{ada}/orders", ORDER, {}, ["transact_write_items"]),
    ("GET", "{ada}/orders", None, {}, ["get_item", "query"]),
    ("POST", "/api/notes", {"title": "a"}, {}, ["put_item"]),
    ("POST", "/api/notes", {"title": "a"}, {"Idempotency_Key": "k"}, ["put_item"]),
    ("GET", "/api/notes", None, {}, ["query"]),
    ("POST", "/api/mocks", {"name": "a"}, {}, []),
    ("GET", "/api/currencies/EUR", None, {}, []),
    ("GET", "/health", None, {}, []),
    ("GET", "/me", None, {}, []),
    ("GET", "/access/roles", None, {}, ["get_item"]),
    ("GET", "/access/roles?limit=1", None, {}, ["get_item"]),
    ("GET", "/access/roles/viewer", None, {}, ["get_item"]),
    ("PUT", "/access/roles/helper", ROLE, {}, ["get_item", "transact_write_items"]),
    ("PUT", "/access/roles/viewer", ROLE, {"If_Match": '"1"'}, ["get_item", "transact_write_items"]),
    ("DELETE", "/access/roles/editor", None, {}, ["get_item", "transact_write_items"]),
    ("GET", "/access/principals", None, {}, ["query"]),
    ("GET", "{reader}", None, {}, ["get_item"]),
    ("PUT", "{reader}", {}, {}, ["batch_get_item", "transact_write_items"]),
    ("PUT", "{reader}", {"roles": ["admin"]}, {"If_Match": "*"}, ["batch_get_item", "transact_write_items"]),
    ("PUT", "/access/principals/eve", {"grants": ["a:b"]}, {}, ["batch_get_item", "transact_write_items"]),
    ("DELETE", "{reader}", None, {}, ["batch_get_item", "transact_write_items"]),
    ("GET", "/access/tokens", None, {}, ["query"]),
    ("POST", "/access/tokens", TOKEN, {}, ["batch_get_item", "transact_write_items"]),
    ("POST", "/access/tokens", TOKEN, {"Idempotency_Key": "k"}, ["batch_get_item", "transact_write_items"]),
    ("GET", "{readers_token}", None, {}, ["get_item"]),
    ("DELETE", "{readers_token}", None, {}, ["get_item", "transact_write_items"]),
    ("GET", "/access/audit", None, {}, ["query"]),
    ("GET", "/access/audit?limit=1", None, {}, ["query"]),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "calls"), COSTS)
def test_an_operation_costs(
    admin: Caller,
    at: Callable[[str], str],
    faults: Faults,
    method: str,
    path: str,
    body: Any,
    headers: dict[str, str],
    calls: list[str],
) -> None:
    """As few calls as it can be done with: an Idempotency-Key costs nothing, an If-Match saves the read."""
    path = at(path)
    assert admin(method, path, body, **headers).status < 300
    assert faults.calls == calls


def test_a_replay_costs_one_call(admin: Caller, faults: Faults) -> None:
    """The failed condition brings the item back with it."""
    for _ in range(2):
        faults.calls.clear()
        assert admin("POST", "/people", PERSON, Idempotency_Key="k").status == 201
        assert faults.calls == ["transact_write_items"]


def test_an_order_is_cancelled_in_one_call(admin: Caller, ada: str, faults: Faults) -> None:
    """The status is the condition."""
    order = admin("POST", f"{ada}/orders", ORDER).body["id"]
    faults.calls.clear()
    assert admin("POST", f"/orders/{order}/cancel").body["status"] == "cancelled"
    assert faults.calls == ["update_item"]


def test_what_is_refused_costs_nothing(admin: Caller, viewer: Caller, faults: Faults) -> None:
    """A bad body or a missing permission is found before the table is asked."""
    faults.calls.clear()
    assert admin("POST", "/people", {"name": 1}).status == 400
    assert viewer("POST", "/people", PERSON).status == 403
    assert faults.calls == []
