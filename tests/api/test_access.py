"""The permission store over HTTP."""

from typing import Any

import pytest
from chalice.test import Client

from tests.api.conftest import Answer, Caller

BOB = "/access/principals/bob"
HELPER = "/access/roles/helper"
GIVEN = {"roles": ["viewer"], "grants": ["notes:write:own"], "denies": ["people:*"]}
PERMISSIONS = {"permissions": ["notes:read", "notes:write:own"]}


@pytest.fixture
def bob(admin: Caller) -> Caller:
    """Return an admin, after having given bob something."""
    assert admin("PUT", BOB, GIVEN).status == 200
    return admin


def token_of(admin: Caller, principal: str, *roles: str) -> Answer:
    """Make a token of a principal that has the roles."""
    return admin("POST", "/access/tokens", {"principal": principal, "roles": [*roles]})


@pytest.fixture
def giver(client: Client, admin: Caller) -> Caller:
    """Return a caller who may change the permission store, and else do little."""
    admin("PUT", "/access/roles/giver", {"permissions": ["access:*", "notes:*", "orders:read:own"]})
    admin("PUT", "/access/principals/giver", {"roles": ["giver"]})
    return Caller(client, token_of(admin, "giver", "giver").body["secret"])


def problem(answer: Answer) -> tuple[int, str]:
    """Return the status and kind of a problem, having looked at its form."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == answer.status
    return answer.status, answer.body["type"].removeprefix("urn:problem-type:")


# Me:


def test_me_is_who_calls(admin: Caller, viewer: Caller) -> None:
    """And what they may do."""
    assert admin("GET", "/me").body == {"principal": "alice", "grants": ["*:*"], "denies": []}
    assert viewer("GET", "/me").body == {"principal": "victor", "grants": ["*:read"], "denies": []}


def test_me_needs_no_permission(client: Client, admin: Caller) -> None:
    """Who lost all is still told so."""
    admin("PUT", BOB, {"roles": ["viewer"]})
    bob = Caller(client, token_of(admin, "bob", "viewer").body["secret"])
    admin("PUT", BOB, {"denies": ["*:read"]})
    answer = bob("GET", "/me")
    assert (answer.status, answer.body) == (200, {"principal": "bob", "grants": [], "denies": ["*:read"]})


# Principals:


def test_a_principals_life(admin: Caller) -> None:
    """Put, read, put again, listed, deleted, gone."""
    made = admin("PUT", BOB, GIVEN)
    assert made.status == 200
    assert set(made.body) == {"id", "created_at", "updated_at", "roles", "grants", "denies"}
    assert made.body == {**made.body, **GIVEN, "id": "bob"}
    read = admin("GET", BOB)
    assert (read.status, read.body, read.headers["ETag"]) == (200, made.body, made.headers["ETag"])
    changed = admin("PUT", BOB, {"grants": ["a:b"]}, If_Match=read.headers["ETag"])
    assert (changed.status, changed.body["roles"], changed.body["grants"]) == (200, [], ["a:b"])
    assert changed.headers["ETag"] != read.headers["ETag"]
    assert [each["id"] for each in admin("GET", "/access/principals").body["items"]] == ["alice", "bob"]
    assert admin("DELETE", BOB, If_Match=changed.headers["ETag"]).status == 204
    assert [problem(admin(method, BOB)) for method in ("GET", "DELETE")] == [(404, "not-found")] * 2


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("user%3Aabc", "user:abc"),
        ("user:abc", "user:abc"),
        ("user%3aabc", "user:abc"),
        ("auth0%7Cx", "auth0|x"),
        ("a%40b.example", "a@b.example"),
        ("a+b", "a+b"),
        ("a%2Bb", "a+b"),
        ("%62ob", "bob"),
        ("a.b_c-d", "a.b_c-d"),
        ("..", ".."),
        ("x" * 128, "x" * 128),
    ],
)
def test_a_principals_name_may_be_encoded(admin: Caller, path: str, name: str) -> None:
    """However a client encodes it, it is one principal; a plus is a plus."""
    assert admin("PUT", f"/access/principals/{path}", GIVEN).body["id"] == name
    assert admin("GET", f"/access/principals/{path}").body["id"] == name
    assert name in [each["id"] for each in admin("GET", "/access/principals").body["items"]]
    assert admin("DELETE", f"/access/principals/{path}").status == 204


@pytest.mark.parametrize(
    "path", ["a%20b", "a%2Fb", "a%00", "a%0A", "%", "a%", "%zz", "%25", "b%C3%B6b", "%FF", "%2562ob", "a*", "x" * 129]
)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_can_be_no_principal_is_400(admin: Caller, method: str, path: str) -> None:
    """It is told by the parameter's name."""
    answer = admin(method, f"/access/principals/{path}", GIVEN if method == "PUT" else None)
    assert problem(answer) == (400, "invalid-request")
    assert (answer.body["errors"][0]["parameter"], answer.body["errors"][0]["in"]) == ("principal", "path")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"roles": ["viewer", "Nonsense"]}, "/roles/1"),
        ({"roles": "viewer"}, "/roles"),
        ({"roles": ["viewer"] * 21}, "/roles"),
        ({"grants": ["people"]}, "/grants/0"),
        ({"grants": ["people:read:mine"]}, "/grants/0"),
        ({"grants": ["a:b"] * 101}, "/grants"),
        ({"denies": ["people:read:own"]}, "/denies/0"),
        ({"denies": [1]}, "/denies/0"),
        ({"nonsense": []}, "/nonsense"),
    ],
)
def test_a_bad_principal_is_400_with_its_place(admin: Caller, body: Any, pointer: str) -> None:
    """And changes nothing."""
    answer = admin("PUT", BOB, body)
    assert problem(answer) == (400, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert admin("GET", BOB).status == 404


def test_an_unknown_role_is_409(admin: Caller) -> None:
    """The request is fine, but not with what is stored."""
    assert problem(admin("PUT", BOB, {"roles": ["nonsense"]})) == (409, "conflict")


@pytest.mark.parametrize(
    ("if_match", "status"), [('"999"', 412), ('W/"1"', 412), ('"x"', 412), ("1", 400), ('"1', 400), ("", 400)]
)
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", BOB, {}),
        ("DELETE", BOB, None),
        ("PUT", HELPER, {"permissions": ["a:b"]}),
        ("DELETE", HELPER, None),
        ("DELETE", "{readers_token}", None),
    ],
)
def test_if_match_guards_every_write(
    bob: Caller, readers_token: str, method: str, path: str, body: Any, if_match: str, status: int
) -> None:
    """What does not name the current version changes nothing."""
    bob("PUT", HELPER, PERMISSIONS)
    path = path.format(readers_token=readers_token)
    before = bob("GET", path)
    assert bob(method, path, body, If_Match=if_match).status == status
    after = bob("GET", path)
    assert (after.body, after.headers["ETag"]) == (before.body, before.headers["ETag"])


@pytest.mark.parametrize(("path", "body"), [(BOB, {}), (HELPER, {"permissions": ["a:b"]})])
def test_if_match_of_any_version_is_done(bob: Caller, path: str, body: Any) -> None:
    """It guards against making, not against a version."""
    bob("PUT", HELPER, PERMISSIONS)
    assert bob("PUT", path, body, If_Match="*").status == 200
    assert bob("DELETE", path, If_Match="*").status == 204


@pytest.mark.parametrize("if_match", ['"1"', "*"])
@pytest.mark.parametrize(("path", "body"), [(BOB, {}), (HELPER, {"permissions": ["a:b"]})])
def test_if_match_makes_nothing(admin: Caller, path: str, body: Any, if_match: str) -> None:
    """Without a current representation, the condition is false (RFC 9110, 13.1.1)."""
    assert problem(admin("PUT", path, body, If_Match=if_match)) == (412, "stale-version")
    assert admin("GET", path).status == 404


def test_what_a_client_has_is_304(bob: Caller, readers_token: str) -> None:
    """A principal, a role and a token have their version as ETag."""
    for path in (BOB, "/access/roles/viewer", readers_token):
        tag = bob("GET", path).headers["ETag"]
        answer = bob("GET", path, If_None_Match=tag)
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, "", tag)


@pytest.mark.parametrize(("method", "body"), [("DELETE", None), ("PUT", {"roles": ["viewer"]})])
def test_the_last_admin_stays(admin: Caller, method: str, body: Any) -> None:
    """409, until there is another."""
    assert problem(admin(method, "/access/principals/alice", body)) == (409, "conflict")
    admin("PUT", BOB, {"roles": ["admin"]})
    assert admin(method, "/access/principals/alice", body).status in {200, 204}


# Roles:


def test_a_roles_life(admin: Caller) -> None:
    """Put, read, put again, listed, deleted, gone."""
    made = admin("PUT", HELPER, PERMISSIONS)
    assert (made.status, made.body["permissions"]) == (200, PERMISSIONS["permissions"])
    assert set(made.body) == {"id", "created_at", "updated_at", "permissions"}
    read = admin("GET", HELPER)
    assert (read.body, read.headers["ETag"]) == (made.body, made.headers["ETag"])
    changed = admin("PUT", HELPER, {"permissions": ["a:b"]}, If_Match=read.headers["ETag"])
    assert (changed.status, changed.body["permissions"]) == (200, ["a:b"])
    names = [role["id"] for role in admin("GET", "/access/roles").body["items"]]
    assert names == ["admin", "editor", "helper", "partner", "viewer"]
    assert admin("DELETE", HELPER, If_Match=changed.headers["ETag"]).status == 204
    assert [problem(admin(method, HELPER)) for method in ("GET", "DELETE")] == [(404, "not-found")] * 2


@pytest.mark.parametrize("body", [{"permissions": ["a:b"]}, None])
def test_the_role_admin_stays(admin: Caller, body: Any) -> None:
    """409, whoever asks."""
    assert problem(admin("PUT" if body else "DELETE", "/access/roles/admin", body)) == (409, "conflict")


@pytest.mark.parametrize("name", ["Helper", "1st", "a_b", "a%2Db", "a" * 41, "-a"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_can_be_no_role_is_400(admin: Caller, method: str, name: str) -> None:
    """It is told by the parameter's name."""
    answer = admin(method, f"/access/roles/{name}", PERMISSIONS if method == "PUT" else None)
    assert problem(answer) == (400, "invalid-request")
    assert answer.body["errors"][0]["parameter"] == "role"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/permissions"),
        ({"permissions": []}, "/permissions"),
        ({"permissions": ["a:b"] * 101}, "/permissions"),
        ({"permissions": ["a:b", "a"]}, "/permissions/1"),
        ({"permissions": ["a:b"], "denies": []}, "/denies"),
    ],
)
def test_a_bad_role_is_400_with_its_place(admin: Caller, body: Any, pointer: str) -> None:
    """And changes nothing."""
    answer = admin("PUT", HELPER, body)
    assert problem(answer) == (400, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert admin("GET", HELPER).status == 404


# Tokens:


def test_a_tokens_life(client: Client, bob: Caller) -> None:
    """Made, used, read, listed, revoked, gone."""
    made = token_of(bob, "bob", "viewer")
    assert (made.status, made.body["principal"], made.body["roles"]) == (201, "bob", ["viewer"])
    path = f"/{made.headers['Location'].removeprefix('../')}"
    assert path == f"/access/tokens/{made.body['id']}"
    machine = Caller(client, made.body["secret"])
    assert machine("GET", "/me").body["principal"] == "bob"
    read = bob("GET", path)
    assert (read.status, read.body["secret"], read.body["id"]) == (200, None, made.body["id"])
    assert read.body["last_used_at"] is not None
    assert made.body["id"] in [each["id"] for each in bob("GET", "/access/tokens").body["items"]]
    assert bob("DELETE", path, If_Match=read.headers["ETag"]).status == 204
    with pytest.raises(Exception, match=r"^Unauthorized$"):  # which API Gateway turns into a 401
        machine("GET", "/me")
    assert [problem(bob(method, path)) for method in ("GET", "DELETE")] == [(404, "not-found")] * 2


def test_the_secret_appears_once(bob: Caller) -> None:
    """In the answer to the creation; its hash nowhere."""
    made = token_of(bob, "bob", "viewer")
    assert set(made.body) == {
        "id", "created_at", "updated_at", "principal", "roles", "expires_at", "last_used_at", "secret",
    }  # fmt: skip
    secret = made.body["secret"].split("_", 3)[3]
    path = f"/access/tokens/{made.body['id']}"
    bob("PUT", BOB, {"roles": ["viewer"]})
    shown = [bob("GET", each) for each in (path, "/access/tokens", "/access/audit", "/access/principals", BOB)]
    shown.append(bob("DELETE", path))
    for answer in shown:
        assert answer.status in {200, 204}
        assert secret not in str(answer)
        assert "hash" not in str(answer)


def test_a_key_makes_one_token(bob: Caller) -> None:
    """201 without the secret, 422 with another body, 409 once revoked."""
    body = {"principal": "bob", "roles": ["viewer"]}
    made = bob("POST", "/access/tokens", body, Idempotency_Key="k")
    again = bob("POST", "/access/tokens", body, Idempotency_Key="k")
    assert (made.status, again.status, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert again.body == {**made.body, "secret": None}
    assert again.headers["Location"] == made.headers["Location"]
    other = {**body, "expires_in": 60}
    assert problem(bob("POST", "/access/tokens", other, Idempotency_Key="k")) == (422, "idempotency-key-reused")
    bob("DELETE", f"/access/tokens/{made.body['id']}")
    assert problem(bob("POST", "/access/tokens", body, Idempotency_Key="k")) == (409, "conflict")


@pytest.mark.parametrize(("principal", "role"), [("bob", "editor"), ("bob", "nonsense"), ("nobody", "viewer")])
def test_a_role_that_the_principal_lacks_is_409(bob: Caller, principal: str, role: str) -> None:
    """A token has some of its principal's roles."""
    assert problem(token_of(bob, principal, role)) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"principal": "a b", "roles": ["viewer"]}, "/principal"),
        ({"principal": "user%3Aabc", "roles": ["viewer"]}, "/principal"),
        ({"principal": "", "roles": ["viewer"]}, "/principal"),
        ({"principal": "bob"}, "/roles"),
        ({"principal": "bob", "roles": []}, "/roles"),
        ({"principal": "bob", "roles": ["*"]}, "/roles/0"),
        ({"principal": "bob", "roles": ["viewer"], "expires_in": 59}, "/expires_in"),
        ({"principal": "bob", "roles": ["viewer"], "expires_in": 366 * 86400 + 1}, "/expires_in"),
        ({"principal": "bob", "roles": ["viewer"], "expires_in": "60"}, "/expires_in"),
        ({"principal": "bob", "roles": ["viewer"], "secret": "mine"}, "/secret"),
    ],
)
def test_a_bad_token_is_400_with_its_place(bob: Caller, body: Any, pointer: str) -> None:
    """And nothing is made."""
    before = len(bob("GET", "/access/tokens").body["items"])
    answer = bob("POST", "/access/tokens", body)
    assert problem(answer) == (400, "invalid-request")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]
    assert len(bob("GET", "/access/tokens").body["items"]) == before


# Who may:

READS = [
    "/access/roles",
    "/access/roles/viewer",
    "/access/principals",
    BOB,
    "/access/tokens",
    "{readers_token}",
    "/access/audit",
]
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "/access/roles/helper", PERMISSIONS),
    ("DELETE", "/access/roles/viewer", None),
    ("PUT", BOB, {}),
    ("DELETE", BOB, None),
    ("POST", "/access/tokens", {"principal": "reader", "roles": ["viewer"]}),
    ("DELETE", "{readers_token}", None),
]


@pytest.fixture
def auditor(client: Client, admin: Caller) -> Caller:
    """Return a caller who may read the permission store."""
    admin("PUT", "/access/roles/auditor", {"permissions": ["access:audit"]})
    admin("PUT", "/access/principals/auditor", {"roles": ["auditor"]})
    return Caller(client, token_of(admin, "auditor", "auditor").body["secret"])


@pytest.mark.parametrize("path", READS)
def test_reading_needs_a_permission(
    bob: Caller, auditor: Caller, viewer: Caller, nobody: Caller, readers_token: str, path: str
) -> None:
    """A viewer, who may read all else, has it not; without a credential it is 401."""
    path = path.format(readers_token=readers_token)
    assert [caller("GET", path).status for caller in (bob, auditor, viewer, nobody)] == [200, 200, 403, 401]


@pytest.mark.parametrize(("method", "path", "body"), WRITES)
def test_writing_needs_another(
    bob: Caller, auditor: Caller, viewer: Caller, nobody: Caller, readers_token: str, method: str, path: str, body: Any
) -> None:
    """Who may read the store may not change it."""
    path = path.format(readers_token=readers_token)
    statuses = [caller(method, path, body).status for caller in (nobody, viewer, auditor, bob)]
    assert statuses[:3] == [401, 403, 403]
    assert statuses[3] in {200, 201, 204}


@pytest.mark.parametrize(("method", "path", "body"), [*(("GET", path, None) for path in READS), *WRITES])
def test_nothing_of_the_store_is_anybodys_own(
    client: Client, bob: Caller, readers_token: str, method: str, path: str, body: Any
) -> None:
    """`:own` is not enough for it."""
    bob("PUT", "/access/roles/own", {"permissions": ["access:*:own"]})
    bob("PUT", "/access/principals/owner", {"roles": ["own"]})
    owner = Caller(client, token_of(bob, "owner", "own").body["secret"])
    assert owner(method, path.format(readers_token=readers_token), body).status == 403


def test_who_is_denied_it_may_not(client: Client, bob: Caller) -> None:
    """Whatever they are granted."""
    bob("PUT", BOB, {"roles": ["admin"], "denies": ["access:*"]})
    denied = Caller(client, token_of(bob, "bob", "admin").body["secret"])
    assert (denied("GET", "/access/roles").status, denied("GET", "/people").status) == (403, 200)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", BOB, {"grants": ["people:read"]}),
        ("PUT", BOB, {"grants": ["orders:read"]}),
        ("PUT", BOB, {"roles": ["viewer"]}),
        ("PUT", "/access/principals/denied", {"grants": ["people:read"]}),
        ("PUT", "/access/principals/giver", {"roles": ["giver", "viewer"]}),
        ("PUT", "/access/roles/giver", {"permissions": ["*:*"]}),
        ("PUT", "/access/roles/fresh", {"permissions": ["people:read"]}),
    ],
)
def test_nobody_gives_what_they_do_not_hold(
    admin: Caller, giver: Caller, readers_token: str, method: str, path: str, body: Any
) -> None:
    """Neither to a principal, a role, nor by lifting a deny; the answer says what."""
    assert readers_token
    admin("PUT", "/access/principals/denied", {"grants": ["people:read"], "denies": ["people:read"]})
    admin("PUT", "/access/principals/other", {"roles": ["giver"]})
    answer = giver(method, path, body)
    assert problem(answer) == (403, "forbidden")
    assert "you do not hold it" in answer.body["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", BOB, {"grants": ["notes:read", "orders:read:own"], "denies": ["people:*"]}, 200),
        ("PUT", "/access/roles/fresh", {"permissions": ["notes:*"]}, 200),
        ("POST", "/access/tokens", {"principal": "giver", "roles": ["giver"]}, 201),
    ],
)
def test_what_somebody_holds_they_give(giver: Caller, method: str, path: str, body: Any, status: int) -> None:
    """To others and to themselves."""
    assert giver(method, path, body).status == status


# Lists:


@pytest.fixture
def filled(admin: Caller, readers_token: str) -> Caller:
    """Return an admin of a store with some of each."""
    assert readers_token
    for name in ("bob", "carol"):
        admin("PUT", f"/access/principals/{name}", {"roles": ["viewer"]})
        token_of(admin, name, "viewer")
        admin("PUT", f"/access/roles/{name}", PERMISSIONS)
    return admin


@pytest.mark.parametrize("path", ["/access/principals", "/access/roles", "/access/tokens", "/access/audit"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_go_on_where_the_one_before_ended(filled: Caller, path: str, limit: int) -> None:
    """Exactly what the list is, in order, and null at the end."""
    whole = filled("GET", path).body["items"]
    found: list[Any] = []
    query = f"limit={limit}"
    for _ in whole:
        page = filled("GET", f"{path}?{query}").body
        assert len(page["items"]) <= limit
        found += page["items"]
        query = f"limit={limit}&cursor={page['next']}"
        if page["next"] is None:
            break
    assert len(whole) >= 4
    assert (found, page["next"]) == (whole, None)


@pytest.mark.parametrize("path", ["/access/principals", "/access/roles", "/access/tokens", "/access/audit"])
@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=nonsense!", "owner=bob"])
def test_a_bad_query_is_400(admin: Caller, path: str, query: str) -> None:
    """As with every list."""
    assert problem(admin("GET", f"{path}?{query}")) == (400, "invalid-request")


def test_the_audit_tells_of_every_change(admin: Caller, giver: Caller) -> None:
    """Who, what and whose, from what to what."""
    before = len(admin("GET", "/access/audit?limit=100").body["items"])
    giver("PUT", BOB, {"grants": ["notes:read"]})
    giver("PUT", BOB, {"grants": ["people:read"]})
    admin("DELETE", BOB)
    told = admin("GET", "/access/audit?limit=100").body["items"][before:]
    had = {"roles": [], "grants": ["notes:read"], "denies": []}
    assert [(each["who"], each["action"], each["subject"], each["before"], each["after"]) for each in told] == [
        ("giver", "principal.put", "bob", None, had),
        ("alice", "principal.delete", "bob", had, None),
    ]
    assert set(told[0]) == {"id", "created_at", "updated_at", "who", "token", "action", "subject", "before", "after"}
    assert told[0]["token"] in str(admin("GET", "/access/tokens").body)


def test_nobody_makes_a_token_in_anothers_name(admin: Caller, giver: Caller) -> None:
    """But who may do everything."""
    admin("PUT", "/access/principals/other", {"roles": ["giver"]})
    answer = giver("POST", "/access/tokens", {"principal": "other", "roles": ["giver"]})
    assert problem(answer) == (403, "forbidden")
    assert "somebody else's name" in answer.body["detail"]


@pytest.mark.parametrize("name", ["operator:root", "operator:", "system"])
def test_some_names_are_ours(admin: Caller, name: str) -> None:
    """In the audit they stand for the command line and for what is in the code."""
    assert admin("PUT", f"/access/principals/{name}", {}).status == 400
    assert admin("POST", "/access/tokens", {"principal": name, "roles": ["viewer"]}).status == 400
