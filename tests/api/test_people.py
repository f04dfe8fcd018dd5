"""People over HTTP."""

import pytest

from tests.api.conftest import Caller

GRACE = {"name": "Grace Hopper", "email": "grace@example.com", "phone": "+12025550143", "tags": ["navy"]}


def test_a_persons_life(admin: Caller) -> None:
    """Added, read, replaced, changed, listed, deleted, gone."""
    made = admin("POST", "/people", GRACE)
    assert (made.status, made.headers["ETag"]) == (201, '"1"')
    path = f"/people/{made.body['id']}"
    assert f"/{made.headers['Location']}" == path
    assert admin("GET", path).body == made.body
    replaced = admin("PUT", path, {"name": "G", "email": "g@example.com"}, If_Match='"1"')
    assert (replaced.status, replaced.body["phone"], replaced.body["tags"]) == (200, None, [])
    changed = admin("PATCH", path, {"tags": ["a"]}, If_Match='"2"', Content_Type="application/merge-patch+json")
    assert (changed.status, changed.headers["ETag"], changed.body["name"]) == (200, '"3"', "G")
    assert admin("PATCH", path, {"tags": None}).body["tags"] == []
    assert [person["id"] for person in admin("GET", "/people").body["items"]] == [made.body["id"]]
    assert admin("DELETE", path, If_Match='"4"').status == 204
    assert admin("GET", path).status == 404
    assert admin("GET", "/people").body == {"items": [], "next": None}


def test_pages_go_on_where_the_one_before_ended(admin: Caller) -> None:
    """Exactly as many as there are, in order, and null at the end."""
    ids = [admin("POST", "/people", {"name": "a", "email": f"p{number}@example.com"}).body["id"] for number in range(4)]
    found, path = [], "/people?limit=2"
    while True:
        page = admin("GET", path).body
        found.append([person["id"] for person in page["items"]])
        if page["next"] is None:
            break
        path = f"/people?limit=2&cursor={page['next']}"
    assert found == [ids[:2], ids[2:]]


def test_a_taken_email_is_409(admin: Caller, ada: str) -> None:
    """Compared without case."""
    answer = admin("POST", "/people", {"name": "b", "email": "ADA@example.com"})
    assert (answer.status, answer.body["type"]) == (409, "urn:problem-type:conflict")
    assert admin("GET", ada).status == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("if_match", "status"), [('"9"', 412), ('W/"1"', 412), ('"x"', 412), ("1", 400), ('"1", "9"', 0), ("*", 0)]
)
def test_if_match_guards_every_write(admin: Caller, ada: str, method: str, if_match: str, status: int) -> None:
    """What does not name the current version changes nothing."""
    body = None if method == "DELETE" else {"name": "b", "email": "ada@example.com"}
    before = admin("GET", ada)
    answer = admin(method, ada, body, If_Match=if_match)
    assert answer.status == status or (not status and answer.status in {200, 204})
    assert (admin("GET", ada) == before) is bool(status) or admin("GET", ada).headers["X-Request-Id"]
    if status:
        assert admin("GET", ada).body == before.body


def test_two_keys_of_one_name_by_two_callers_make_two(admin: Caller, viewer: Caller) -> None:
    """A key is its caller's own; and a viewer's does not even get that far."""
    made = admin("POST", "/people", GRACE, Idempotency_Key="k")
    assert made.status == 201
    assert viewer("POST", "/people", GRACE, Idempotency_Key="k").status == 403


def test_a_replay_says_so_and_shows_what_is_now(admin: Caller) -> None:
    """201 with the current representation, 422 with another body, 409 once deleted."""
    made = admin("POST", "/people", GRACE, Idempotency_Key="k")
    path = f"/people/{made.body['id']}"
    admin("PATCH", path, {"name": "Changed"})
    again = admin("POST", "/people", GRACE, Idempotency_Key="k")
    assert (again.status, again.headers["Idempotent-Replayed"], again.body["name"]) == (201, "true", "Changed")
    assert (again.headers["Location"], again.headers["ETag"]) == (made.headers["Location"], '"2"')
    assert admin("POST", "/people", {**GRACE, "name": "Other"}, Idempotency_Key="k").status == 422
    admin("DELETE", path)
    assert admin("POST", "/people", GRACE, Idempotency_Key="k").status == 409
    assert admin("POST", "/people", GRACE, Idempotency_Key="l").status == 201


def test_who_is_let_in(admin: Caller, viewer: Caller, nobody: Caller, ada: str) -> None:
    """No token is 401, a token without the permission 403."""
    assert [caller("GET", ada).status for caller in (admin, viewer, nobody)] == [200, 200, 401]
    assert [caller("DELETE", ada).status for caller in (nobody, viewer, admin)] == [401, 403, 204]
