"""The roles to begin with, and what each may do."""

from collections.abc import Iterable

ROLES: dict[str, tuple[str, ...]] = {
    "admin": ("*:*",),
    "editor": ("*:read", "people:write", "orders:write", "notes:write", "mocks:write"),
    "viewer": ("*:read",),
}


def permissions_of(roles: Iterable[str]) -> tuple[str, ...]:
    """Return what the roles may do together; a role that is not there may do nothing."""
    return tuple(dict.fromkeys(permission for role in roles for permission in ROLES.get(role, ())))
