"""Permissions and roles."""

import pytest

from chalicelib.access import permissions, roles


@pytest.mark.parametrize(
    ("granted", "allowed"),
    [
        (("people:write",), True),
        (("people:*",), True),
        (("*:write",), True),
        (("*:*",), True),
        (("notes:read", "people:write"), True),
        ((), False),
        (("people:read",), False),
        (("notes:*",), False),
        (("people",), False),
        (("*",), False),
        (("people:writer",), False),
    ],
)
def test_a_grant_covers_a_permission(granted: tuple[str, ...], *, allowed: bool) -> None:
    """A star stands for any resource or any action, and nothing else does."""
    assert permissions.allows(granted, "people:write") is allowed


@pytest.mark.parametrize("name", ["", "people", "people:", ":read", "people:*", "People:read", "a:b:c", "people: read"])
def test_a_route_names_exactly_one_permission(name: str) -> None:
    """A permission that a route names has no star and no surprise."""
    with pytest.raises(ValueError, match="is not a permission"):
        permissions.check(name)


def test_every_role_grants_what_it_says() -> None:
    """A viewer reads all and writes nothing, an editor writes but for access, an admin may do all."""
    may = {role: roles.permissions_of([role]) for role in roles.ROLES}
    assert permissions.allows(may["viewer"], "orders:read")
    assert not permissions.allows(may["viewer"], "orders:write")
    assert permissions.allows(may["editor"], "orders:write")
    assert not permissions.allows(may["editor"], "access:write")
    assert permissions.allows(may["admin"], "access:write")


def test_an_unknown_role_grants_nothing() -> None:
    """A role that was removed takes its permissions with it."""
    assert roles.permissions_of(["gone"]) == ()
