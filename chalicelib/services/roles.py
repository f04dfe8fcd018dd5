"""Roles: changed by those who hold what they give; `admin` stays as it is."""

from datetime import datetime

from chalicelib.errors import ConflictError, NotFoundError
from chalicelib.models.audit import Entry
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Slice
from chalicelib.models.permissions import NOTHING, Grants
from chalicelib.models.roles import ADMIN, Role, RoleNew
from chalicelib.repositories.records import Versions, persist
from chalicelib.repositories.roles import Roles as RoleRepository
from chalicelib.services.audit import Audit
from chalicelib.services.principals import check_giver, check_version, revise
from chalicelib.services.service import Clock

_MOST = 100
_MOST_PERMISSIONS = 1_000
"""Of all roles together: each decision reads them."""


class Roles:
    """The roles."""

    def __init__(self, roles: RoleRepository, audit: Audit, *, now: Clock) -> None:
        self._roles = roles
        self._audit = audit
        self._now = now

    def page(self, *, limit: int, after: str | None) -> Slice[Role]:
        """Return a part of the list, by name."""
        roles = self._roles.all().roles
        names = [name for name in sorted(roles) if after is None or name > after]
        return Slice([roles[name] for name in names[:limit]], names[limit - 1] if len(names) > limit else None)

    def get(self, name: str) -> Role:
        """Return one. Raises NotFoundError."""
        roles = self._roles.all().roles
        if name not in roles:
            raise NotFoundError(Role.KIND, name)
        return roles[name]

    def put(self, name: str, body: RoleNew, *, expected: Versions, must_exist: bool = False, caller: Caller) -> Role:
        """Set what a role gives, from now on to all who have it.

        Raises PermissionDeniedError for what the caller doesn't hold, ConflictError for `admin`, StaleVersionError.
        """
        _check_name(name)

        def attempt() -> Role:
            before = self._roles.all()
            role = before.roles.get(name)
            check_version(role, expected, must_exist=must_exist)
            if role is None and len(before.roles) >= _MOST:
                message = f"There can be {_MOST} roles."
                raise ConflictError(message)
            at = self._now()
            stamps = revise(name, role, at=at, caller=caller)
            after = Role(**stamps, permissions=list(dict.fromkeys(body.permissions)))
            others = (kept for other, kept in before.roles.items() if other != name)
            if sum(len(kept.permissions) for kept in (*others, after)) > _MOST_PERMISSIONS:
                message = f"All roles together can have {_MOST_PERMISSIONS} permissions."
                raise ConflictError(message)
            check_giver(caller, before=_grants(role), after=_grants(after))
            self._roles.save(before, {**before.roles, name: after}, self._entry("put", name, role, after, caller, at))
            return after

        return persist(attempt)

    def delete(self, name: str, *, expected: Versions, caller: Caller) -> None:
        """Remove a role; who has it gets nothing from it any more. Raises NotFoundError, ConflictError for `admin`."""
        _check_name(name)

        def attempt() -> None:
            before = self._roles.all()
            role = before.roles.get(name)
            if role is None:
                raise NotFoundError(Role.KIND, name)
            check_version(role, expected)
            rest = {other: kept for other, kept in before.roles.items() if other != name}
            self._roles.save(before, rest, self._entry("delete", name, role, None, caller, self._now()))

        persist(attempt)

    def _entry(
        self, action: str, name: str, before: Role | None, after: Role | None, caller: Caller, at: datetime
    ) -> Entry:
        return self._audit.entry(
            f"role.{action}",
            name,
            before=_told(before),
            after=_told(after),
            caller=caller,
            at=at,
        )


def _check_name(name: str) -> None:
    if name == ADMIN:
        message = "The role admin stays as it is."
        raise ConflictError(message)


def _grants(role: Role | None) -> Grants:
    return NOTHING if role is None else Grants(frozenset(role.permissions))


def _told(role: Role | None) -> dict[str, list[str]] | None:
    return None if role is None else {"permissions": role.permissions}
