"""Permissions: `resource:action`, where `*` stands for any of either."""

import re
from collections.abc import Iterable
from functools import cache

_NAME = re.compile(r"[a-z][a-z-]*:[a-z][a-z-]*")


def check(permission: str) -> None:
    """Raise ValueError for what is not the name of one permission."""
    if not _NAME.fullmatch(permission):
        message = f"{permission!r} is not a permission such as 'people:write'"
        raise ValueError(message)


def allows(granted: Iterable[str], permission: str) -> bool:
    """Tell whether one of the granted permissions covers this one."""
    return not _covering(permission).isdisjoint(granted)


@cache
def _covering(permission: str) -> frozenset[str]:
    """Return the grants of which any one covers a permission; an app names a fixed set of permissions."""
    resource, _, action = permission.partition(":")
    return frozenset({permission, f"{resource}:*", f"*:{action}", "*:*"})
