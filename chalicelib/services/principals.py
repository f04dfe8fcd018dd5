"""Principals: given roles, grants and denies by those who hold them; one admin always remains."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from chalicelib.errors import ConflictError, NotFoundError, PermissionDeniedError, StaleVersionError
from chalicelib.models.audit import Entry
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Entity, Slice
from chalicelib.models.permissions import Grants, escalation
from chalicelib.models.principals import Principal, PrincipalNew
from chalicelib.models.roles import ADMIN, permissions_of, still_given
from chalicelib.repositories.principals import Principals as PrincipalRepository
from chalicelib.repositories.principals import Standing
from chalicelib.repositories.records import Versions, persist
from chalicelib.repositories.roles import RoleSet
from chalicelib.services.audit import Audit
from chalicelib.services.service import Clock


class Principals:
    """The principals."""

    def __init__(self, principals: PrincipalRepository, audit: Audit, *, now: Clock) -> None:
        self._principals = principals
        self._audit = audit
        self._now = now

    def page(self, *, limit: int, after: str | None) -> Slice[Principal]:
        """Return a part of the list."""
        return self._principals.page(limit=limit, after=after)

    def get(self, principal_id: str) -> Principal:
        """Return one. Raises NotFoundError."""
        return self._principals.get(principal_id)

    def put(
        self,
        principal_id: str,
        body: PrincipalNew,
        *,
        expected: Versions,
        must_exist: bool = False,
        caller: Caller,
    ) -> Principal:
        """Set all that a principal is given.

        Raises PermissionDeniedError for what the caller doesn't hold, ConflictError for an unknown role and for the
        last admin, StaleVersionError.
        """
        return self.amend(principal_id, lambda _: body, expected=expected, must_exist=must_exist, caller=caller)

    def amend(
        self,
        principal_id: str,
        change: Callable[[PrincipalNew], PrincipalNew],
        *,
        expected: Versions = None,
        must_exist: bool = False,
        caller: Caller,
    ) -> Principal:
        """Set what a principal is given to what `change` makes of what it has. Raises what `put` raises."""

        def attempt() -> Principal:
            before = self._principals.standing(principal_id)
            check_version(before.principal, expected, must_exist=must_exist)
            return self._save(before, principal_id, change(_given(before.principal)), caller)

        return persist(attempt)

    def bootstrap(self, principal_id: str, *, caller: Caller) -> Principal:
        """Make a stage's first admin. Raises ConflictError where it has one."""

        def attempt() -> Principal:
            before = self._principals.standing(principal_id)
            if before.admins:
                message = f"This stage has an admin already: {', '.join(sorted(before.admins))}."
                raise ConflictError(message)
            given = _given(before.principal)
            body = PrincipalNew(roles=[*given.roles, ADMIN], grants=given.grants)
            return self._save(before, principal_id, body, caller)

        return persist(attempt)

    def delete(self, principal_id: str, *, expected: Versions, caller: Caller) -> None:
        """Remove a principal. Raises NotFoundError, StaleVersionError, ConflictError for the last admin."""

        def attempt() -> None:
            before = self._principals.standing(principal_id)
            if before.principal is None:
                raise NotFoundError(Principal.KIND, principal_id)
            check_version(before.principal, expected)
            entry = self._entry("delete", principal_id, before.principal, None, caller)
            admins = _admins(before, principal_id, None)
            self._principals.remove(before, before.principal, entry, admins=admins)

        persist(attempt)

    def _save(self, before: Standing, principal_id: str, body: PrincipalNew, caller: Caller) -> Principal:
        had = (
            before.principal.roles if before.principal else []
        )  # one that was removed since may stay, and gives nothing
        unknown = next((name for name in body.roles if name not in before.roles.roles and name not in had), None)
        if unknown is not None:
            message = f"There is no role {unknown}."
            raise ConflictError(message)
        after = self._changed(principal_id, before, body, caller)
        check_giver(caller, before=grants_of(before.principal, before.roles), after=grants_of(after, before.roles))
        entry = self._entry("put", principal_id, before.principal, after, caller)
        self._principals.save(before, after, entry, admins=_admins(before, principal_id, after))
        return after

    def _changed(self, principal_id: str, standing: Standing, body: PrincipalNew, caller: Caller) -> Principal:
        before, roles = standing.principal, standing.roles.roles
        # Never before the roles it is given were made, whatever another machine's clock said then.
        at = max([self._now(), *(roles[name].created_at for name in body.roles if name in roles)])
        return Principal(
            **revise(principal_id, before, at=at, caller=caller),
            roles=list(dict.fromkeys(body.roles)),
            grants=list(dict.fromkeys(body.grants)),
            denies=list(dict.fromkeys(body.denies)),
        )

    def _entry(
        self, action: str, principal_id: str, before: Principal | None, after: Principal | None, caller: Caller
    ) -> Entry:
        return self._audit.entry(
            f"principal.{action}", principal_id, before=_told(before), after=_told(after), caller=caller, at=self._now()
        )


def grants_of(principal: Principal | None, roles: RoleSet) -> Grants:
    """Return what a principal may do."""
    if principal is None:
        return Grants()
    names = still_given(principal.roles, principal.updated_at, roles.roles)
    allowed = [*permissions_of(names, roles.roles), *principal.grants]
    return Grants(frozenset(allowed), frozenset(principal.denies))


def check_giver(caller: Caller, *, before: Grants, after: Grants) -> None:
    """Raise PermissionDeniedError where a change gives what the caller does not hold."""
    permission = escalation(before=before, after=after, giver=caller.grants)
    if permission is not None:
        message = f"You can't give {permission}: you do not hold it."
        raise PermissionDeniedError(message)


def check_version(current: Entity | None, expected: Versions, *, must_exist: bool = False) -> None:
    """Raise StaleVersionError where a caller's change is for another version, or for something that is not there."""
    if current is None and (must_exist or expected is not None):
        raise StaleVersionError
    if current is not None and expected is not None and current.version not in expected:
        raise StaleVersionError


def revise(name: str, before: Entity | None, *, at: datetime, caller: Caller) -> dict[str, Any]:
    """Return the fields that every entity has which is set under a name, where there was one before or was not.

    A first version counts on from the time, in milliseconds: the name may have been used before, and what it stood for
    then had none of these versions.
    """
    return {
        "id": name,
        "owner": caller.principal if before is None else before.owner,
        "version": int(at.timestamp() * 1000) if before is None else before.version + 1,
        "created_at": at if before is None else before.created_at,
        "updated_at": at,
    }


def _admins(standing: Standing, principal_id: str, after: Principal | None) -> frozenset[str]:
    """Return the admins after a change: those who are denied nothing. Raises ConflictError where none would be left."""
    others = standing.admins - {principal_id}
    if after is not None and ADMIN in after.roles and not after.denies:
        return others | {principal_id}
    if standing.admins and not others:
        message = f"{principal_id} is the last admin."
        raise ConflictError(message)
    return others


def _given(principal: Principal | None) -> PrincipalNew:
    """Return what would have made a principal what it is."""
    if principal is None:
        return PrincipalNew()
    return PrincipalNew(roles=principal.roles, grants=principal.grants, denies=principal.denies)


def _told(principal: Principal | None) -> dict[str, list[str]] | None:
    return None if principal is None else _given(principal).model_dump()
