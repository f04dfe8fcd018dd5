"""The mapping's routes, and orders, over HTTP."""

import pytest

from app import app
from chalicelib.services.resources import RESOURCES
from tests.api.conftest import Caller

ORDER = {"currency": "EUR", "lines": [{"sku": "tea", "quantity": 2, "unit_price": 450}]}


@pytest.mark.parametrize(("name", "body"), [("notes", {"title": "a"}), ("mocks", {"name": "a"})])
def test_a_resources_life(admin: Caller, name: str, body: dict[str, str]) -> None:
    """Added, read, replaced, changed, listed, deleted, gone: the same for each."""
    made = admin("POST", f"/api/{name}", body)
    path = f"/api/{name}/{made.body['id']}"
    assert (made.status, made.headers["Location"]) == (201, f"../{path.lstrip('/')}")
    assert admin("GET", path).body == made.body
    assert admin("PUT", path, body, If_Match='"1"').headers["ETag"] == '"2"'
    assert admin("PATCH", path, body).headers["ETag"] == '"3"'
    assert made.body["id"] in [item["id"] for item in admin("GET", f"/api/{name}?limit=100").body["items"]]
    assert admin("DELETE", path).status == 204
    assert admin("GET", path).status == 404


def test_currencies_can_only_be_read(admin: Caller) -> None:
    """What the service does not have is no route, so the gateway can say 405."""
    assert admin("GET", "/api/currencies/EUR").body["name"] == "Euro"
    assert admin("GET", "/api/currencies/XXX").status == 404
    answer = admin("POST", "/api/currencies", {"name": "x", "digits": 2})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")
    assert set(app.routes["/api/currencies"]) == {"GET"}


@pytest.mark.parametrize("name", RESOURCES)
def test_each_resource_has_permissions_of_its_own(name: str) -> None:
    """Reading and writing one says nothing about another."""
    permissions = {
        operation.endpoint.permission
        for (path, _), operation in app.operations.items()
        if path.startswith(f"/api/{name}")
    }
    assert permissions <= {f"{name}:read", f"{name}:write"}


def test_a_key_is_bound_to_its_path(admin: Caller, ada: str) -> None:
    """One key on two people's orders makes two."""
    other = admin("POST", "/people", {"name": "b", "email": "b@example.com"}).body["id"]
    one = admin("POST", f"{ada}/orders", ORDER, Idempotency_Key="k")
    two = admin("POST", f"/people/{other}/orders", ORDER, Idempotency_Key="k")
    assert (one.status, two.status) == (201, 201)
    assert one.body["id"] != two.body["id"]
    assert (one.body["person_id"], two.body["person_id"]) == (ada.removeprefix("/people/"), other)


def test_an_orders_life(admin: Caller, ada: str) -> None:
    """Placed, listed, cancelled."""
    made = admin("POST", f"{ada}/orders", ORDER)
    assert (made.status, made.body["total"], made.body["status"]) == (201, 900, "pending")
    assert made.headers["Location"] == f"../../orders/{made.body['id']}"
    path = f"/orders/{made.body['id']}"
    assert admin("GET", path).body == made.body == admin("GET", f"{ada}/orders").body["items"][0]
    assert admin("POST", f"{path}/cancel", If_Match='"9"').status == 412
    assert admin("POST", f"{path}/cancel", If_Match='"1"').body["status"] == "cancelled"
    assert admin("POST", f"{path}/cancel").headers["ETag"] == '"2"'


def test_a_bad_order_is_refused_with_its_place(admin: Caller, ada: str) -> None:
    """Deep inside the body, too; and what only a list of currencies can tell."""
    lines = [{"sku": "tea", "quantity": 2, "unit_price": 450}, {"sku": "tea", "quantity": 0, "unit_price": 1.5}]
    answer = admin("POST", f"{ada}/orders", {"currency": "EUR", "lines": lines})
    assert [error["pointer"] for error in answer.body["errors"]] == ["/lines/1/quantity", "/lines/1/unit_price"]
    answer = admin("POST", f"{ada}/orders", {**ORDER, "currency": "XYZ"})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (400, "/currency")


def test_a_person_who_is_gone_has_no_orders(admin: Caller, ada: str) -> None:
    """Neither to place nor to list."""
    admin("DELETE", ada)
    assert admin("GET", f"{ada}/orders").status == 404
    assert admin("POST", f"{ada}/orders", ORDER).status == 404
