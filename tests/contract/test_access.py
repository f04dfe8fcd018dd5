"""The permission store, on every implementation of the table."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.bootstrap import Services
from chalicelib.errors import (
    ConflictError,
    DomainError,
    KeyReusedError,
    NotFoundError,
    PermissionDeniedError,
    StaleVersionError,
)
from chalicelib.models import tokens
from chalicelib.models.audit import Entry
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Entity, Made, Once, Slice
from chalicelib.models.permissions import Grants
from chalicelib.models.principals import Principal, PrincipalNew
from chalicelib.models.roles import STANDARD, Role, RoleNew
from chalicelib.models.tokens import Token, TokenNew
from chalicelib.repositories import keys
from chalicelib.repositories.table import Alive, Put, Table
from chalicelib.settings import Settings
from tests.watched import Watched

OPERATOR = Caller("operator")
"""May do all."""
GIVER = Caller("giver", Grants(frozenset({"access:*", "notes:*", "orders:read:own"}), frozenset({"notes:delete"})))
"""May change the permission store, and hold little else."""


class Ticking:
    """A clock by which no two things happen at once."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)  # the table's own clock is the real one
        self._seconds = itertools.count()

    def __call__(self) -> datetime:
        """Return a time after all that were returned before."""
        return self._began + timedelta(seconds=next(self._seconds))


@pytest.fixture
def ticking() -> Ticking:
    """Return the services' clock."""
    return Ticking()


@pytest.fixture
def watched(table: Table) -> Watched:
    """Return the table, as the services see it."""
    return Watched(table)


@pytest.fixture
def services(watched: Watched, ticking: Ticking) -> Services:
    """Return the services."""
    return bootstrap.build(Settings.read({}), table=watched, now=ticking)


@pytest.fixture
def others(table: Table, ticking: Ticking) -> Services:
    """Return services that write behind the others' back."""
    return bootstrap.build(Settings.read({}), table=table, now=ticking)


def put(
    services: Services, principal: str, caller: Caller = OPERATOR, expected: frozenset[int] | None = None, **given: Any
) -> Principal:
    return services.principals.put(principal, PrincipalNew(**given), expected=expected, caller=caller)


def remove(services: Services, principal: str, caller: Caller = OPERATOR) -> None:
    services.principals.delete(principal, expected=None, caller=caller)


def put_role(
    services: Services,
    name: str,
    *permissions: str,
    caller: Caller = OPERATOR,
    expected: frozenset[int] | None = None,
) -> Role:
    return services.roles.put(name, RoleNew(permissions=[*permissions]), expected=expected, caller=caller)


def make(
    services: Services, principal: str, *roles: str, caller: Caller = OPERATOR, once: Once | None = None
) -> Made[Token]:
    return services.tokens.create(TokenNew(principal=principal, roles=[*roles]), once=once, caller=caller)


def revoke(services: Services, token: Token) -> None:
    services.tokens.revoke(token.id, expected=None, caller=OPERATOR)


def given(services: Services, principal: str) -> tuple[list[str], list[str], list[str]] | None:
    """Return a principal's roles, grants and denies; None for nobody."""
    try:
        found = services.principals.get(principal)
    except NotFoundError:
        return None
    return found.roles, found.grants, found.denies


def may(services: Services, principal: str) -> Grants:
    """Return what a decision about a principal would say."""
    return services.credentials.grants_of(principal, None)


Pages = Callable[..., Slice[Any]]


def walk(page: Pages, limit: int) -> list[str]:
    """Return the ids of a whole list, read in parts."""
    found: list[str] = []
    after = None
    while True:
        part = page(limit=limit, after=after)
        assert len(part.items) <= limit
        found += [entity.id for entity in part.items]
        if part.position is None:
            return found
        assert part.position != after
        after = part.position


def stale(current: Entity | None) -> list[frozenset[int]]:
    """Return versions that are not the current one."""
    number = current.version if current else 1
    return [frozenset(), frozenset({number + 1}), frozenset({number - 1, number + 7})]


# Principals:


def test_what_was_put_can_be_got(services: Services) -> None:
    """All that a principal is given, once each, as it was put."""
    made = put(services, "bob", roles=["viewer", "viewer"], grants=["notes:*", "notes:*"], denies=["a:b", "a:b"])
    assert services.principals.get("bob") == made
    assert (made.id, made.roles, made.grants, made.denies) == ("bob", ["viewer"], ["notes:*"], ["a:b"])


def test_a_put_sets_all(services: Services) -> None:
    """What is not in it is taken away; the version moves, and who made it stays."""
    first = put(services, "bob", roles=["viewer"], grants=["notes:*"], denies=["a:b"])
    second = put(services, "bob", Caller("another"), grants=["people:*"])
    assert services.principals.get("bob") == second
    assert (second.roles, second.grants, second.denies) == ([], ["people:*"], [])
    assert second.version == first.version + 1
    assert (second.owner, second.created_at) == ("operator", first.created_at)


def test_nobody_is_not_found(services: Services) -> None:
    """Neither to get nor to delete; and they may do nothing."""
    with pytest.raises(NotFoundError):
        services.principals.get("nobody")
    with pytest.raises(NotFoundError):
        remove(services, "nobody")
    assert may(services, "nobody") == Grants()


def test_a_deleted_principal_is_gone(services: Services) -> None:
    """From get, list and decisions; and can be made anew, with nothing of before."""
    put(services, "bob", roles=["viewer"], denies=["a:b"])
    remove(services, "bob")
    assert given(services, "bob") is None
    assert walk(services.principals.page, 10) == []
    assert may(services, "bob") == Grants()
    put(services, "bob", grants=["notes:read"])
    assert given(services, "bob") == ([], ["notes:read"], [])


def test_principals_are_listed_in_parts(services: Services) -> None:
    """Oldest first, each once, whatever was put since."""
    names = ["carol", "user:ada", "bob"]
    for name in names:
        put(services, name)
    put(services, "carol", roles=["viewer"])
    for limit in (1, 2, 7):
        assert walk(services.principals.page, limit) == names


def test_a_put_of_the_version_that_was_read_is_done(services: Services) -> None:
    """Alone or among others."""
    read = put(services, "bob")
    again = put(services, "bob", expected=frozenset({read.version}), roles=["viewer"])
    put(services, "bob", expected=frozenset({again.version, again.version + 7}), roles=["editor"])
    assert given(services, "bob") == (["editor"], [], [])


def test_a_stale_version_changes_no_principal(services: Services) -> None:
    """Neither by a put nor by a deletion."""
    read = put(services, "bob", roles=["viewer"])
    for expected in stale(read):
        with pytest.raises(StaleVersionError):
            put(services, "bob", expected=expected, roles=["admin"])
        with pytest.raises(StaleVersionError):
            services.principals.delete("bob", expected=expected, caller=OPERATOR)
    assert services.principals.get("bob") == read


def test_a_version_of_nobody_makes_nobody(services: Services) -> None:
    """Who expects something there does not want to make it."""
    for expected in stale(None):
        with pytest.raises(StaleVersionError):
            put(services, "bob", expected=expected, roles=["viewer"])
    assert given(services, "bob") is None


def test_who_must_exist_is_not_made(services: Services, others: Services, watched: Watched) -> None:
    """Neither a principal nor a role; nor one that goes meanwhile."""
    body, role = PrincipalNew(roles=["viewer"]), RoleNew(permissions=["notes:read"])

    def attempt() -> None:
        with pytest.raises(StaleVersionError):
            services.principals.put("bob", body, expected=None, must_exist=True, caller=OPERATOR)
        with pytest.raises(StaleVersionError):
            services.roles.put("helper", role, expected=None, must_exist=True, caller=OPERATOR)

    attempt()
    put(services, "bob")
    watched.once_before("transact", lambda: remove(others, "bob"))
    attempt()
    assert given(services, "bob") is None
    assert walk(services.roles.page, 10) == sorted(STANDARD)


def test_a_version_of_before_a_deletion_is_stale(services: Services) -> None:
    """What was made anew under the same name is something else."""
    principal, role = put(services, "bob", roles=["viewer"]), put_role(services, "helper", "notes:read")
    remove(services, "bob")
    services.roles.delete("helper", expected=None, caller=OPERATOR)
    put(services, "bob", denies=["notes:*"])
    put_role(services, "helper", "notes:write")
    with pytest.raises(StaleVersionError):
        put(services, "bob", expected=frozenset({principal.version}), roles=["editor"])
    with pytest.raises(StaleVersionError):
        put_role(services, "helper", "people:*", expected=frozenset({role.version}))


def test_an_unknown_role_can_not_be_given(services: Services) -> None:
    """It would mean whatever somebody makes of it later."""
    with pytest.raises(ConflictError, match="nonsense"):
        put(services, "bob", roles=["viewer", "nonsense"])
    assert given(services, "bob") is None


def test_what_a_principal_may_do_is_its_roles_and_grants(services: Services) -> None:
    """And its denies against them."""
    put_role(services, "helper", "notes:write", "orders:read:own")
    put(services, "bob", roles=["viewer", "helper"], grants=["people:write"], denies=["people:*"])
    allowed = frozenset({"*:read", "notes:write", "orders:read:own", "people:write"})
    assert may(services, "bob") == Grants(allowed, frozenset({"people:*"}))


# Roles:


def test_the_standard_roles_are_there_until_one_is_changed(services: Services, table: Table) -> None:
    """They need no item, and the first change keeps the others."""
    assert walk(services.roles.page, 10) == sorted(STANDARD)
    assert table.get(keys.ROLES) is None
    changed = put_role(services, "viewer", "people:read")
    assert services.roles.get("viewer") == changed
    assert services.roles.get("editor") == STANDARD["editor"]
    assert walk(services.roles.page, 10) == sorted(STANDARD)


def test_a_new_role_can_be_got(services: Services) -> None:
    """With its permissions, once each."""
    made = put_role(services, "helper", "notes:read", "notes:read", "notes:write:own")
    assert services.roles.get("helper") == made
    assert (made.id, made.permissions) == ("helper", ["notes:read", "notes:write:own"])


def test_a_change_of_a_role_counts_for_all_who_have_it(services: Services) -> None:
    """At their next decision."""
    put_role(services, "helper", "notes:read")
    put(services, "bob", roles=["helper"])
    put_role(services, "helper", "notes:write")
    assert may(services, "bob") == Grants(frozenset({"notes:write"}))


def test_a_deleted_role_gives_nothing(services: Services) -> None:
    """It is gone from get and list, and from all who have it."""
    put(services, "bob", roles=["viewer", "editor"])
    services.roles.delete("editor", expected=None, caller=OPERATOR)
    with pytest.raises(NotFoundError):
        services.roles.get("editor")
    assert walk(services.roles.page, 10) == ["admin", "partner", "viewer"]
    assert may(services, "bob") == Grants(frozenset({"*:read"}))


def test_who_has_a_deleted_role_can_still_be_changed(services: Services) -> None:
    """What is left of it is a name, which goes with the next put."""
    put_role(services, "helper", "notes:read")
    put(services, "bob", roles=["helper", "viewer"])
    services.roles.delete("helper", expected=None, caller=OPERATOR)
    put(services, "bob", roles=["viewer"])
    assert given(services, "bob") == (["viewer"], [], [])


def test_what_is_no_role_is_not_found(services: Services) -> None:
    """Neither to get nor to delete."""
    with pytest.raises(NotFoundError):
        services.roles.get("nonsense")
    with pytest.raises(NotFoundError):
        services.roles.delete("nonsense", expected=None, caller=OPERATOR)


def test_admin_stays_as_it_is(services: Services) -> None:
    """Nobody can take from it, add to it or remove it."""
    with pytest.raises(ConflictError):
        put_role(services, "admin", "notes:read")
    with pytest.raises(ConflictError):
        services.roles.delete("admin", expected=None, caller=OPERATOR)
    assert services.roles.get("admin") == STANDARD["admin"]


def test_a_role_is_guarded_by_its_version(services: Services) -> None:
    """The right one lets a change through, and any other does not."""
    read = put_role(services, "helper", "notes:read")
    for expected in stale(read):
        with pytest.raises(StaleVersionError):
            put_role(services, "helper", "*:*", expected=expected)
        with pytest.raises(StaleVersionError):
            services.roles.delete("helper", expected=expected, caller=OPERATOR)
    assert services.roles.get("helper") == read
    again = put_role(services, "helper", "notes:write", expected=frozenset({read.version}))
    assert again.version == read.version + 1
    services.roles.delete("helper", expected=frozenset({again.version}), caller=OPERATOR)


def test_a_version_of_no_role_makes_none(services: Services) -> None:
    """Who expects something there does not want to make it."""
    with pytest.raises(StaleVersionError):
        put_role(services, "helper", "notes:read", expected=frozenset({1}))
    assert walk(services.roles.page, 10) == sorted(STANDARD)


def test_a_standard_role_is_guarded_too(services: Services) -> None:
    """Its version is the one that is shown."""
    version = services.roles.get("viewer").version
    with pytest.raises(StaleVersionError):
        put_role(services, "viewer", "notes:read", expected=frozenset({version + 1}))
    put_role(services, "viewer", "notes:read", expected=frozenset({version}))


def test_roles_are_listed_in_parts(services: Services) -> None:
    """By name."""
    for name in ("zebra", "helper", "a1-b"):
        put_role(services, name, "notes:read")
    for limit in (1, 2, 7):
        assert walk(services.roles.page, limit) == ["a1-b", "admin", "editor", "helper", "partner", "viewer", "zebra"]


def test_there_can_be_a_hundred_roles(services: Services, table: Table) -> None:
    """They stand in one item that each decision reads; one that is there can still be changed."""
    put_role(services, "helper", "notes:read")
    stored = table.get(keys.ROLES)
    assert stored is not None
    some = {f"role-{number}": {**stored["roles"]["helper"], "id": f"role-{number}"} for number in range(95)}
    full: dict[str, Any] = {**stored, "roles": {**stored["roles"], **some}, "version": stored["version"] + 1}
    table.write(Put(full, Alive(frozenset({stored["version"]}))))
    with pytest.raises(ConflictError):
        put_role(services, "one-more", "notes:read")
    put_role(services, "role-7", "notes:write")
    services.roles.delete("role-8", expected=None, caller=OPERATOR)
    put_role(services, "one-more", "notes:read")


# Tokens:


@pytest.fixture
def bob(services: Services) -> str:
    """Return the name of somebody who has roles."""
    put(services, "bob", roles=["viewer", "editor"])
    return "bob"


def test_a_token_shows_its_secret_once(services: Services, bob: str) -> None:
    """In the answer to its creation, and neither in get nor in the list."""
    made = make(services, bob, "viewer", "viewer").entity
    assert made.secret is not None
    shown = services.tokens.get(made.id)
    assert shown == made.model_copy(update={"secret": None})
    assert (shown.principal, shown.roles, shown.secret) == (bob, ["viewer"], None)
    assert services.tokens.page(limit=10, after=None).items == [shown]


def test_a_token_works(services: Services, bob: str) -> None:
    """Its text is what a machine sends."""
    made = make(services, bob, "viewer").entity
    admission = services.credentials.admit(f"Bearer {made.secret}")
    assert (admission.principal, admission.grants) == (bob, Grants(frozenset({"*:read"})))


def test_a_tokens_use_is_shown(services: Services, bob: str) -> None:
    """When it was used last; nothing else of it changes."""
    made = make(services, bob, "viewer").entity
    services.credentials.admit(f"Bearer {made.secret}")
    shown = services.tokens.get(made.id)
    assert shown.last_used_at is not None
    assert shown.last_used_at >= made.created_at
    assert (shown.roles, shown.expires_at, shown.secret_hash) == (made.roles, made.expires_at, made.secret_hash)


def test_a_revoked_token_is_gone(services: Services, bob: str) -> None:
    """From get, list and decisions; and can't be revoked again."""
    made, other = make(services, bob, "viewer").entity, make(services, bob, "viewer").entity
    revoke(services, made)
    for attempt in (lambda: services.tokens.get(made.id), lambda: revoke(services, made)):
        with pytest.raises(NotFoundError):
            attempt()
    assert walk(services.tokens.page, 10) == [other.id]


def test_what_is_no_token_is_not_found(services: Services) -> None:
    """Neither to get nor to revoke."""
    with pytest.raises(NotFoundError):
        services.tokens.get("nobody")
    with pytest.raises(NotFoundError):
        services.tokens.revoke("nobody", expected=None, caller=OPERATOR)


def test_a_stale_version_revokes_nothing(services: Services, bob: str) -> None:
    """The right one does."""
    made = make(services, bob, "viewer").entity
    for expected in stale(made):
        with pytest.raises(StaleVersionError):
            services.tokens.revoke(made.id, expected=expected, caller=OPERATOR)
    services.tokens.revoke(made.id, expected=frozenset({made.version}), caller=OPERATOR)


def test_tokens_are_listed_in_parts(services: Services, bob: str) -> None:
    """Oldest first, each once."""
    ids = [make(services, bob, "viewer").entity.id for _ in range(3)]
    for limit in (1, 2, 7):
        assert walk(services.tokens.page, limit) == ids


def test_a_key_makes_one_token(services: Services, bob: str) -> None:
    """Sent again it answers with the token, without the secret; the first text is the one that works."""
    first = make(services, bob, "viewer", once=Once("keyed0", "hash"))
    again = make(services, bob, "viewer", once=Once("keyed0", "hash"))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.entity == first.entity.model_copy(update={"secret": None})
    assert walk(services.tokens.page, 10) == ["keyed0"]
    assert services.credentials.admit(f"Bearer {first.entity.secret}").token == "keyed0"


def test_a_key_with_another_body_is_refused(services: Services, bob: str) -> None:
    """Whether the token is still there or was revoked since."""
    made = make(services, bob, "viewer", once=Once("keyed0", "hash")).entity
    with pytest.raises(KeyReusedError):
        make(services, bob, "editor", once=Once("keyed0", "other"))
    revoke(services, made)
    with pytest.raises(KeyReusedError):
        make(services, bob, "editor", once=Once("keyed0", "other"))


def test_a_key_does_not_bring_back_what_was_revoked(services: Services, bob: str) -> None:
    """A late retry of the creation is a conflict, not a second token."""
    revoke(services, make(services, bob, "viewer", once=Once("keyed0", "hash")).entity)
    with pytest.raises(ConflictError):
        make(services, bob, "viewer", once=Once("keyed0", "hash"))
    assert walk(services.tokens.page, 10) == []


@pytest.mark.parametrize(("principal", "role"), [("bob", "admin"), ("bob", "nonsense"), ("nobody", "viewer")])
def test_a_token_has_its_principals_roles_only(services: Services, bob: str, principal: str, role: str) -> None:
    """What they do not have themselves can't be handed on."""
    assert bob
    with pytest.raises(ConflictError, match=f"{principal} does not have the role {role}"):
        make(services, principal, "viewer", role)
    assert walk(services.tokens.page, 10) == []


# The audit:


def entries(services: Services) -> list[Entry]:
    return services.audit.page(limit=100, after=None).items


def told(entry: Entry) -> tuple[str, str, str, Any, Any]:
    return entry.who, entry.action, entry.subject, entry.before, entry.after


NOTHING: dict[str, list[str]] = {"roles": [], "grants": [], "denies": []}


def test_every_change_of_a_principal_is_told(services: Services) -> None:
    """Who, what, whose, and all of it before and after."""
    full: dict[str, Any] = {"roles": ["viewer"], "grants": ["notes:*"], "denies": ["a:b"]}
    put(services, "bob", **full)
    put(services, "bob", GIVER)
    remove(services, "bob")
    assert [told(entry) for entry in entries(services)] == [
        ("operator", "principal.put", "bob", None, full),
        ("giver", "principal.put", "bob", full, NOTHING),
        ("operator", "principal.delete", "bob", NOTHING, None),
    ]


def test_every_change_of_a_role_is_told(services: Services) -> None:
    """Standard ones too."""
    put_role(services, "helper", "notes:read", caller=GIVER)
    put_role(services, "helper", "notes:write")
    services.roles.delete("viewer", expected=None, caller=GIVER)
    assert [told(entry) for entry in entries(services)] == [
        ("giver", "role.put", "helper", None, {"permissions": ["notes:read"]}),
        ("operator", "role.put", "helper", {"permissions": ["notes:read"]}, {"permissions": ["notes:write"]}),
        ("giver", "role.delete", "viewer", {"permissions": ["*:read"]}, None),
    ]


def test_every_change_of_a_token_is_told(services: Services, bob: str) -> None:
    """Whose it is, and what it is good for."""
    made = make(services, bob, "viewer").entity
    revoke(services, made)
    what = {"principal": bob, "roles": ["viewer"], "expires_at": made.expires_at.isoformat()}
    assert [told(entry) for entry in entries(services)][1:] == [
        ("operator", "token.create", made.id, None, what),
        ("operator", "token.revoke", made.id, what, None),
    ]


def test_a_replayed_creation_is_told_once(services: Services, bob: str) -> None:
    """There was one change."""
    for _ in range(3):
        make(services, bob, "viewer", once=Once("keyed0", "hash"))
    assert [entry.action for entry in entries(services)] == ["principal.put", "token.create"]


def test_a_refused_change_is_not_told(services: Services, bob: str) -> None:
    """Nothing happened."""
    before = entries(services)
    wrong = frozenset({99})
    for attempt in (
        lambda: put(services, bob, GIVER, roles=["admin"]),
        lambda: put(services, bob, roles=["nonsense"]),
        lambda: put(services, bob, expected=wrong),
        lambda: services.principals.delete(bob, expected=wrong, caller=OPERATOR),
        lambda: remove(services, "nobody"),
        lambda: put_role(services, "admin", "notes:read"),
        lambda: put_role(services, "helper", "people:read", caller=GIVER),
        lambda: put_role(services, "viewer", "notes:read", expected=wrong),
        lambda: services.roles.delete("nonsense", expected=None, caller=OPERATOR),
        lambda: make(services, bob, "admin"),
        lambda: make(services, bob, "viewer", caller=GIVER),
        lambda: services.tokens.revoke("nobody", expected=None, caller=OPERATOR),
    ):
        with pytest.raises(DomainError):
            attempt()
    assert entries(services) == before


def test_a_lost_race_is_not_told(services: Services, others: Services, watched: Watched) -> None:
    """Only what was done in the end is, with what was there before it."""
    watched.once_before("transact", lambda: put(others, "bob", grants=["a:b"]))
    put(services, "bob", grants=["a:c"])
    assert [entry.after and entry.after["grants"] for entry in entries(services)] == [["a:b"], ["a:c"]]


def test_the_audit_holds_no_secret(services: Services, bob: str) -> None:
    """Neither the text nor its hash."""
    made = make(services, bob, "viewer").entity
    revoke(services, made)
    secret = tokens.read(str(made.secret))
    assert secret is not None
    text = str(entries(services))
    assert made.id in text
    assert secret.secret not in text
    assert secret.hash not in text


def test_the_audit_is_listed_in_parts(services: Services) -> None:
    """Oldest first, each once."""
    for name in ("carol", "bob", "alice"):
        put(services, name)
    whole = [entry.id for entry in entries(services)]
    assert [entry.subject for entry in entries(services)] == ["carol", "bob", "alice"]
    for limit in (1, 2, 7):
        assert walk(services.audit.page, limit) == whole


# Nobody gives what they don't hold:


@pytest.mark.parametrize(
    "grant",
    ["people:read", "people:read:own", "*:*", "*:*:own", "*:read", "orders:read", "orders:*:own", "notes:delete"],
)
def test_nobody_grants_what_they_do_not_hold(services: Services, grant: str) -> None:
    """Nor more of it than they hold, nor what they are denied."""
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, grants=["notes:read", grant])
    assert given(services, "bob") is None


def test_what_a_giver_holds_can_be_given(services: Services) -> None:
    """With denies where their own are."""
    put(services, "bob", GIVER, grants=["notes:read", "access:grant", "orders:read:own"], denies=["people:*"])
    put(services, "bob", GIVER, grants=["notes:*"], denies=["notes:delete", "people:*"])
    assert given(services, "bob") == ([], ["notes:*"], ["notes:delete", "people:*"])


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_nobody_gives_a_role_that_is_more_than_theirs(services: Services, role: str) -> None:
    """What it gives counts, and not its name."""
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, roles=[role])
    assert given(services, "bob") is None


def test_a_role_of_what_a_giver_holds_can_be_given(services: Services) -> None:
    """Whoever made it."""
    put_role(services, "helper", "notes:read")
    put(services, "bob", GIVER, roles=["helper"])
    assert given(services, "bob") == (["helper"], [], [])


@pytest.mark.parametrize("left", [[], ["people:read"], ["notes:*"]])
def test_nobody_lifts_a_deny_of_what_they_do_not_hold(services: Services, left: list[str]) -> None:
    """It would give as a grant does."""
    put(services, "bob", grants=["people:*", "notes:read"], denies=["people:*"])
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, grants=["people:*", "notes:read"], denies=left)
    assert given(services, "bob") == ([], ["people:*", "notes:read"], ["people:*"])


def test_a_deny_of_what_a_giver_holds_can_be_lifted(services: Services) -> None:
    """As it could be granted."""
    put(services, "bob", grants=["people:*", "notes:read"], denies=["notes:read"])
    put(services, "bob", GIVER, grants=["people:*", "notes:read"])
    assert given(services, "bob") == ([], ["people:*", "notes:read"], [])


def test_what_somebody_has_can_stay(services: Services) -> None:
    """A giver who holds less may still change the rest."""
    put(services, "bob", roles=["editor"], grants=["people:*"])
    put(services, "bob", GIVER, roles=["editor"], grants=["people:*", "notes:read"], denies=["orders:*"])
    assert given(services, "bob") == (["editor"], ["people:*", "notes:read"], ["orders:*"])


def test_what_somebody_has_can_be_taken(services: Services) -> None:
    """By a giver who does not hold it; not given back."""
    put(services, "bob", roles=["viewer"], grants=["people:*"])
    put(services, "bob", GIVER)
    assert given(services, "bob") == ([], [], [])
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, roles=["viewer"])


def test_nobody_gives_themselves_more(services: Services) -> None:
    """The giver's own name makes no difference."""
    with pytest.raises(PermissionDeniedError):
        put(services, GIVER.principal, GIVER, grants=["people:read"])


@pytest.mark.parametrize("permission", ["people:read", "*:*", "orders:read", "notes:delete"])
@pytest.mark.parametrize("role", ["helper", "fresh"])
def test_nobody_puts_into_a_role_what_they_do_not_hold(services: Services, role: str, permission: str) -> None:
    """Of a new role or one that is there, which somebody may have already."""
    put_role(services, "helper", "notes:read")
    before = walk(services.roles.page, 100)
    with pytest.raises(PermissionDeniedError):
        put_role(services, role, "notes:read", permission, caller=GIVER)
    assert services.roles.get("helper").permissions == ["notes:read"]
    assert walk(services.roles.page, 100) == before


def test_a_role_can_be_changed_within_what_a_giver_holds(services: Services) -> None:
    """What was in it may stay."""
    put_role(services, "helper", "people:*")
    put_role(services, "helper", "people:*", "notes:read", caller=GIVER)
    put_role(services, "helper", "people:read", caller=GIVER)
    assert services.roles.get("helper").permissions == ["people:read"]


def test_nobody_makes_a_token_of_more_than_they_hold(services: Services) -> None:
    """Not even for themselves: they may be here with less than all of theirs."""
    put(services, "giver", roles=["viewer"])
    with pytest.raises(PermissionDeniedError):
        make(services, "giver", "viewer", caller=GIVER)
    assert walk(services.tokens.page, 10) == []


def test_a_token_of_ones_own_can_be_made(services: Services) -> None:
    """Of what the giver holds, everybody's or only their own."""
    put_role(services, "mine", "notes:read", "orders:read:own")
    put(services, "giver", roles=["mine"])
    assert make(services, "giver", "mine", caller=GIVER).entity.principal == "giver"


@pytest.mark.parametrize("rest", [{"notes:read"}, {"*:read", "*:write"}, {"*:*:own"}])
def test_only_who_may_do_everything_makes_anothers_token(services: Services, rest: set[str]) -> None:
    """Its secret would stay with its maker, while its role or its principal is given more."""
    put_role(services, "helper", "notes:read")
    put(services, "bob", roles=["helper"])
    with pytest.raises(PermissionDeniedError):
        make(services, "bob", "helper", caller=Caller("eve", Grants(frozenset({"access:grant", *rest}))))
    assert make(services, "bob", "helper").entity.principal == "bob"


def test_a_token_is_not_that_of_a_principal_made_anew(services: Services) -> None:
    """Who has the name now is not who it was given to."""
    put(services, "bob", roles=["viewer"])
    old = make(services, "bob", "viewer").entity
    assert services.credentials.grants_of("bob", old.id) != Grants()
    remove(services, "bob")
    put(services, "bob", roles=["viewer"])
    assert services.credentials.grants_of("bob", old.id) == Grants()
    new = make(services, "bob", "viewer").entity
    assert services.credentials.grants_of("bob", new.id) != Grants()


def test_a_token_counts_by_what_its_roles_mean_now(services: Services) -> None:
    """A role that was strengthened can't be handed on by who held it before."""
    put_role(services, "helper", "notes:read")
    put(services, "giver", roles=["helper"])
    make(services, "giver", "helper", caller=GIVER)
    put_role(services, "helper", "people:read")
    with pytest.raises(PermissionDeniedError):
        make(services, "giver", "helper", caller=GIVER)


def test_all_roles_together_have_a_bound(services: Services) -> None:
    """Each decision reads them."""
    for number in range(9):
        put_role(
            services,
            f"r{number}",
            *(f"a:{'b' * (each + 1)}" for each in range(40)),
            *(f"b:{'c' * (each + 1)}" for each in range(40)),
            *(f"c:{'d' * (each + 1)}" for each in range(20)),
        )
    with pytest.raises(ConflictError, match="1000 permissions"):
        put_role(
            services,
            "last",
            *(f"a:{'b' * (each + 1)}" for each in range(40)),
            *(f"b:{'c' * (each + 1)}" for each in range(40)),
            *(f"c:{'d' * (each + 1)}" for each in range(20)),
        )


# Lost races:


def test_a_role_that_is_strengthened_meanwhile_is_not_given(
    services: Services, others: Services, watched: Watched
) -> None:
    """What was decided by the roles of before is decided again."""
    put_role(services, "helper", "notes:read")
    watched.once_before("transact", lambda: put_role(others, "helper", "people:*"))
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, roles=["helper"])
    assert given(services, "bob") is None


def test_the_first_change_of_the_roles_counts_too(services: Services, others: Services, watched: Watched) -> None:
    """There was no item yet."""
    reader = Caller("reader", Grants(frozenset({"access:grant", "*:read"})))
    watched.once_before("transact", lambda: put_role(others, "viewer", "*:*"))
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", reader, roles=["viewer"])
    assert given(services, "bob") is None


def test_a_role_that_is_removed_meanwhile_is_not_given(services: Services, others: Services, watched: Watched) -> None:
    """It is unknown by now."""
    watched.once_before("transact", lambda: others.roles.delete("viewer", expected=None, caller=OPERATOR))
    with pytest.raises(ConflictError):
        put(services, "bob", roles=["viewer"])


def test_a_principal_that_loses_something_meanwhile_does_not_get_it_back(
    services: Services, others: Services, watched: Watched
) -> None:
    """What may stay is what is there when it is written."""
    put(services, "bob", roles=["viewer"])
    watched.once_before("transact", lambda: put(others, "bob"))
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, roles=["viewer"])
    assert given(services, "bob") == ([], [], [])


def test_a_principal_that_is_made_anew_meanwhile_is_another(
    services: Services, others: Services, watched: Watched
) -> None:
    """What the one of before had can't stay."""
    put(services, "bob", roles=["viewer"])

    def make_anew() -> None:
        remove(others, "bob")
        put(others, "bob")

    watched.once_before("transact", make_anew)
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, roles=["viewer"])
    assert given(services, "bob") == ([], [], [])


def test_a_version_that_gets_stale_meanwhile_is_refused(services: Services, others: Services, watched: Watched) -> None:
    """If-Match is not tried again with another version."""
    read = put(services, "bob")
    watched.once_before("transact", lambda: put(others, "bob", roles=["viewer"]))
    with pytest.raises(StaleVersionError):
        put(services, "bob", expected=frozenset({read.version}), roles=["editor"])
    assert given(services, "bob") == (["viewer"], [], [])


def test_two_changes_at_once_both_count(services: Services, others: Services, watched: Watched) -> None:
    """What is made of what was there is made again of what is there by then."""
    put(services, "bob", roles=["viewer"])
    watched.once_before("transact", lambda: put(others, "bob", roles=["viewer"], grants=["a:b"]))
    services.principals.amend(
        "bob", lambda now: now.model_copy(update={"denies": [*now.denies, "c:d"]}), caller=OPERATOR
    )
    assert given(services, "bob") == (["viewer"], ["a:b"], ["c:d"])


def test_two_changes_of_different_roles_at_once_both_count(
    services: Services, others: Services, watched: Watched
) -> None:
    """Though they stand in one item."""
    watched.once_before("transact", lambda: put_role(others, "one", "a:b"))
    put_role(services, "two", "a:c")
    assert walk(services.roles.page, 10) == ["admin", "editor", "one", "partner", "two", "viewer"]


def test_a_token_that_is_used_while_it_is_revoked_is_revoked(
    services: Services, others: Services, watched: Watched, bob: str
) -> None:
    """Noting the use counts the version up, and does not win."""
    made = make(services, bob, "viewer").entity
    watched.once_before("transact", lambda: others.credentials.admit(f"Bearer {made.secret}"))
    revoke(services, made)
    with pytest.raises(NotFoundError):
        services.tokens.get(made.id)


def test_who_keeps_losing_is_told(services: Services, others: Services, watched: Watched) -> None:
    """After a bounded number of tries, and nothing is half done."""
    watched.before["transact"] = lambda: put(others, "bob")
    with pytest.raises(ConflictError):
        put(services, "bob", roles=["viewer"])
    assert given(services, "bob") == ([], [], [])


# One admin always remains:


@pytest.fixture
def admin(services: Services) -> str:
    """Return the name of the one admin."""
    return services.principals.bootstrap("root", caller=OPERATOR).id


DEMOTIONS: list[dict[str, Any]] = [
    {"roles": []},
    {"roles": ["viewer"], "grants": ["*:*"]},
    {"roles": ["admin"], "denies": ["access:grant"]},
    {"roles": ["admin"], "denies": ["access:*"]},
    {"roles": ["admin"], "denies": ["*:grant"]},
    {"roles": ["admin"], "denies": ["*:*"]},
]


@pytest.mark.parametrize("demoted", DEMOTIONS)
def test_the_last_admin_can_not_be_demoted(services: Services, admin: str, demoted: dict[str, Any]) -> None:
    """Neither by taking the role nor by denying what makes it one."""
    with pytest.raises(ConflictError, match="last admin"):
        put(services, admin, **demoted)
    assert given(services, admin) == (["admin"], [], [])


def test_the_last_admin_can_not_be_removed(services: Services, admin: str) -> None:
    """Not even by themselves."""
    with pytest.raises(ConflictError, match="last admin"):
        remove(services, admin, Caller(admin))
    assert given(services, admin) == (["admin"], [], [])


def test_the_last_admin_may_have_more_and_is_denied_nothing(services: Services, admin: str) -> None:
    """What nobody could do any more, nobody could give either."""
    put(services, admin, roles=["viewer", "admin"], grants=["a:b"])
    with pytest.raises(ConflictError, match="last admin"):
        put(services, admin, roles=["admin"], denies=["people:read"])


@pytest.mark.parametrize("demoted", DEMOTIONS)
def test_another_admin_makes_the_first_one_free(services: Services, admin: str, demoted: dict[str, Any]) -> None:
    """To be demoted; then the other is the last."""
    put(services, "bob", roles=["admin"])
    put(services, admin, **demoted)
    with pytest.raises(ConflictError):
        remove(services, "bob")
    remove(services, admin)


def test_another_admin_lets_the_first_one_go(services: Services, admin: str) -> None:
    """To be removed; then the other is the last."""
    put(services, "bob", roles=["admin"])
    remove(services, admin)
    with pytest.raises(ConflictError):
        remove(services, "bob")


@pytest.mark.parametrize("other", [{"grants": ["*:*"]}, {"roles": ["admin"], "denies": ["access:grant"]}])
def test_who_is_not_an_admin_does_not_count_as_one(services: Services, admin: str, other: dict[str, Any]) -> None:
    """The role does, where it can be used."""
    put(services, "bob", **other)
    with pytest.raises(ConflictError):
        remove(services, admin)


def test_who_is_no_admin_can_be_removed(services: Services, admin: str) -> None:
    """The one admin is no obstacle to that."""
    put(services, "bob", roles=["viewer"])
    remove(services, "bob")
    assert given(services, admin) == (["admin"], [], [])


def test_the_first_admin_is_made_once(services: Services, admin: str) -> None:
    """Afterwards a stage has one, and says who."""
    assert may(services, admin) == Grants(frozenset({"*:*"}))
    for name in ("bob", admin):
        with pytest.raises(ConflictError, match=admin):
            services.principals.bootstrap(name, caller=OPERATOR)
    assert given(services, "bob") is None


def test_the_first_admin_keeps_what_they_had(services: Services) -> None:
    """But for the denies, with which they might be none."""
    put(services, "bob", roles=["viewer"], grants=["a:b"], denies=["access:grant"])
    services.principals.bootstrap("bob", caller=OPERATOR)
    assert given(services, "bob") == (["viewer", "admin"], ["a:b"], [])


def test_an_admin_without_access_is_none(services: Services) -> None:
    """A stage whose only admin is denied access can still make its first one, of them."""
    put(services, "bob", roles=["admin"], denies=["access:*"])
    assert services.principals.bootstrap("bob", caller=OPERATOR).roles == ["admin"]


def test_the_first_admin_is_told(services: Services, admin: str) -> None:
    """The audit begins with it."""
    assert [told(entry) for entry in entries(services)] == [
        ("operator", "principal.put", admin, None, {**NOTHING, "roles": ["admin"]})
    ]


def at_once(watched: Watched, *changes: Callable[[], object]) -> list[bool]:
    """Make changes in as many threads, each having read before any writes; tell which were done."""
    barrier, arrivals = Barrier(len(changes), timeout=120), itertools.count()

    def meet() -> None:
        if next(arrivals) < len(changes):  # the second try of one who lost meets nobody
            barrier.wait()

    def attempt(change: Callable[[], object]) -> bool:
        try:
            change()
        except ConflictError:
            return False
        return True

    watched.before["transact"] = meet
    with ThreadPoolExecutor(len(changes)) as pool:
        return list(pool.map(attempt, changes))


def test_of_two_first_admins_at_once_one_is_made(services: Services, watched: Watched) -> None:
    """The other is told who was."""
    names = ("alice", "bob")
    done = at_once(watched, *(lambda name=name: services.principals.bootstrap(name, caller=OPERATOR) for name in names))
    assert sorted(done) == [False, True]
    assert [given(services, name) for name in names] == [(["admin"], [], []) if won else None for won in done]
    assert len(entries(services)) == 1


@pytest.mark.parametrize("way", ["removed", "demoted", "denied"])
def test_of_the_last_two_admins_one_remains(services: Services, watched: Watched, way: str) -> None:
    """Each goes while the other is still there; one of them is the last."""
    names = ("alice", "bob")
    ways: dict[str, Callable[[str], object]] = {
        "removed": lambda name: remove(services, name),
        "demoted": lambda name: put(services, name, roles=["viewer"]),
        "denied": lambda name: put(services, name, roles=["admin"], denies=["access:grant"]),
    }
    for name in names:
        put(services, name, roles=["admin"])
    done = at_once(watched, *(lambda name=name: ways[way](name) for name in names))
    assert sorted(done) == [False, True]
    assert [given(services, name) == (["admin"], [], []) for name in names] == [not gone for gone in done]
    last = names[done.index(False)]
    with pytest.raises(ConflictError, match="last admin"):
        remove(services, last)


def test_a_role_that_is_gone_can_be_kept_and_not_given(services: Services) -> None:
    """Who had it may be changed in other ways; it gives nothing, and nobody new gets it."""
    put_role(services, "helper", "notes:read")
    put(services, "bob", roles=["helper"])
    services.roles.delete("helper", expected=None, caller=OPERATOR)
    assert put(services, "bob", roles=["helper"], grants=["mocks:read"]).roles == ["helper"]
    with pytest.raises(ConflictError):
        put(services, "carol", roles=["helper"])


def test_a_role_made_anew_is_not_what_was_given(services: Services) -> None:
    """Who had the old one of that name gets nothing of it, until it is given again by who holds it."""
    put_role(services, "helper", "notes:read")
    put(services, "bob", roles=["helper"])
    services.roles.delete("helper", expected=None, caller=OPERATOR)
    put_role(services, "helper", "people:read")
    assert services.credentials.grants_of("bob", None) == Grants()
    with pytest.raises(PermissionDeniedError):
        put(services, "bob", GIVER, roles=["helper"])
    put(services, "bob", roles=["helper"])
    assert services.credentials.grants_of("bob", None) == Grants(frozenset({"people:read"}))
