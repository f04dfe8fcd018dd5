"""What `python -m grail access` asks of this app (registered in pyproject.toml); Lambda never imports it.

Whoever may write to the table may do all: that is what makes a stage's first admin possible. The audit names them.
"""

import getpass
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from chalicelib import bootstrap
from chalicelib.errors import DomainError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import EntityView, Slice
from chalicelib.models.permissions import Grants, Reach
from chalicelib.models.principals import Principal, PrincipalId, PrincipalNew
from chalicelib.web.bodies import sentence

OPERATOR = Caller(f"operator:{getpass.getuser()}")

Row = dict[str, Any]
V = TypeVar("V", bound=EntityView)
_REACHES = {Reach.NONE: "no", Reach.OWN: "own", Reach.ANY: "yes"}


class Administration:
    """The permission store of the stage whose environment is set.

    Every method raises ValueError for what can't be, RuntimeError for what is refused or can't be reached.
    """

    @property
    def _services(self) -> bootstrap.Services:
        return bootstrap.services()

    def principals(self) -> list[Row]:
        """Return all principals and what they are given."""
        return [_row(found) for found in _all(self._services.principals.page)]

    def roles(self) -> list[Row]:
        """Return all roles and what they give."""
        return [{"role": role.id, "permissions": role.permissions} for role in _all(self._services.roles.page)]

    def tokens(self) -> list[Row]:
        """Return all service tokens, without their secrets."""
        return [
            {
                "token": token.id,
                "principal": token.principal,
                "roles": token.roles,
                "expires_at": token.expires_at.isoformat(timespec="seconds"),
                "last_used_at": token.last_used_at and token.last_used_at.isoformat(timespec="hours"),
            }
            for token in _all(self._services.tokens.page)
        ]

    def audit(self) -> list[Row]:
        """Return all changes, oldest first."""
        return [
            {
                "when": entry.created_at.isoformat(timespec="seconds"),
                "who": entry.who,
                "action": entry.action,
                "subject": entry.subject,
                "before": entry.before,
                "after": entry.after,
            }
            for entry in _all(self._services.audit.page)
        ]

    def show(self, principal: str, *, permissions: Mapping[str, bool]) -> list[Row]:
        """Return for each permission whether a principal may (yes, own or no), and why.

        `permissions` tells of each whether there are routes that know owners; where none does, `:own` is not enough.
        """
        with told_in_one_line():
            found = self._services.principals.get(principal)
            roles = {role.id: role.permissions for role in _all(self._services.roles.page)}
            sources = [(f"role {name} gives", rule) for name in found.roles for rule in roles.get(name, ())]
            sources += [("granted", rule) for rule in found.grants]
            denies = [("denied", rule) for rule in found.denies]
            allowed = frozenset(rule for _, rule in sources)
            grants = Grants(allowed, frozenset(found.denies))
        return [
            {
                "permission": permission,
                "may": _REACHES[_reach(permission, grants, owned=owned)],
                "why": _why(permission, grants, sources, denies),
            }
            for permission, owned in permissions.items()
        ]

    def grant(
        self, principal: str, *, roles: Sequence[str] = (), grants: Sequence[str] = (), denies: Sequence[str] = ()
    ) -> Row:
        """Give a principal more, or deny it more; return all that it has now."""
        return self._change(
            principal,
            lambda now: PrincipalNew(
                roles=list(dict.fromkeys([*now.roles, *roles])),
                grants=list(dict.fromkeys([*now.grants, *grants])),
                denies=list(dict.fromkeys([*now.denies, *denies])),
            ),
        )

    def revoke(
        self, principal: str, *, roles: Sequence[str] = (), grants: Sequence[str] = (), denies: Sequence[str] = ()
    ) -> Row:
        """Take from a principal what it was given, or lift what it was denied; return all that it has now."""
        return self._change(
            principal,
            lambda now: PrincipalNew(
                roles=_without(now.roles, roles),
                grants=_without(now.grants, grants),
                denies=_without(now.denies, denies),
            ),
        )

    def remove(self, principal: str) -> None:
        """Take everything from a principal, and with it from its tokens."""
        with told_in_one_line():
            self._services.principals.delete(principal, expected=None, caller=OPERATOR)

    def revoke_token(self, token: str) -> None:
        """Revoke a service token, by its id."""
        with told_in_one_line():
            self._services.tokens.revoke(token, expected=None, caller=OPERATOR)

    def bootstrap(self, principal: str) -> Row:
        """Make a stage's first admin."""
        with told_in_one_line():
            return _row(self._services.principals.bootstrap(_named(principal), caller=OPERATOR))

    def _change(self, principal: str, change: Callable[[PrincipalNew], PrincipalNew]) -> Row:
        with told_in_one_line():
            named = _named(principal)
            return _row(self._services.principals.amend(named, change, caller=OPERATOR))


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn the app's errors into ValueError and RuntimeError with one line each."""
    try:
        yield
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        message = f"{fault['input']!r} {sentence(fault)}"
        raise ValueError(message) from error
    except DomainError as error:
        raise RuntimeError(str(error)) from error


def _named(principal: str) -> str:
    return TypeAdapter[str](PrincipalId).validate_python(principal)


def _all(page: Callable[..., Slice[V]]) -> Iterator[V]:
    """Read a list to its end."""
    after = None
    while True:
        with told_in_one_line():
            part = page(limit=100, after=after)
        yield from part.items
        if part.position is None:
            return
        after = part.position


def _row(principal: Principal) -> Row:
    return {
        "principal": principal.id,
        "roles": principal.roles,
        "grants": principal.grants,
        "denies": principal.denies,
    }


def _reach(permission: str, grants: Grants, *, owned: bool) -> Reach:
    reach = grants.reach(permission)
    return Reach.NONE if reach is Reach.OWN and not owned else reach


def _without(had: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return what is left. Raises ValueError for what was not there: it may be a slip of the pen."""
    missing = next((rule for rule in taken if rule not in had), None)
    if missing is not None:
        message = f"it does not have {missing}; it has {', '.join(had) or 'nothing of the kind'}"
        raise ValueError(message)
    return [rule for rule in had if rule not in taken]


def _why(permission: str, grants: Grants, sources: list[tuple[str, str]], denies: list[tuple[str, str]]) -> str:
    """Name what decided: a deny that covers the permission, or all that gives it."""
    for source, rule in denies:
        if Grants(frozenset({rule})).reach(permission) is not Reach.NONE:
            return f"{source} {rule}"
    reach = grants.reach(permission)
    giving = [f"{source} {rule}" for source, rule in sources if Grants(frozenset({rule})).reach(permission) is reach]
    return "; ".join(giving) if reach is not Reach.NONE else "nothing gives it"
