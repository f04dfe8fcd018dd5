"""Roles: permissions under one name. A few to begin with; `admin` stays as it is."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from chalicelib.models.entity import Entity, EntityView
from chalicelib.models.fields import RequestModel
from chalicelib.models.permissions import Grant

RoleName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$"), Field(examples=["viewer"], description="A role's name.")
]

ADMIN = "admin"
"""The role that may do all, and that somebody always has."""


class RoleNew(RequestModel):
    """What a role shall be allowed."""

    permissions: Annotated[list[Grant], Field(min_length=1, max_length=100)]


class RoleView(EntityView):
    """A role, as administrators see it; its id is its name."""

    id: RoleName
    permissions: list[str]


class Role(RoleView, Entity):
    """A role, as stored."""

    KIND: ClassVar[str] = "role"


_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def _standard(name: str, *permissions: str) -> Role:
    return Role(id=name, permissions=[*permissions], owner="system", created_at=_BEGINNING, updated_at=_BEGINNING)


STANDARD: Mapping[str, Role] = {
    role.id: role
    for role in (
        _standard(ADMIN, "*:*"),
        _standard(
            "editor",
            "*:read",
            "people:write",
            "orders:write",
            "documents:write",
            "notes:write",
            "mocks:write",
        ),
        _standard("partner", "inbox:write"),
        _standard("viewer", "*:read"),
    )
}
"""The roles to begin with: those of a stage where no role was changed yet."""


def permissions_of(names: Iterable[str], roles: Mapping[str, Role]) -> list[str]:
    """Return what roles may do together; one that is not there may do nothing."""
    return [permission for name in names if name in roles for permission in roles[name].permissions]


def still_given(names: Iterable[str], at: datetime, roles: Mapping[str, Role]) -> list[str]:
    """Return those of the roles given at a time that are still the same: one made anew since is another."""
    return [name for name in names if name in roles and roles[name].created_at <= at]
