"""What somebody holds, read in one call and kept for some seconds: all that a decision about a caller needs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, NamedTuple

from chalicelib.models.permissions import Grants
from chalicelib.models.principals import Principal
from chalicelib.models.roles import STANDARD
from chalicelib.models.tokens import Token
from chalicelib.repositories import keys
from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import Item, Table

MOST = 2_000
"""Items kept in one process."""


class TokenHeld(NamedTuple):
    """A service token, as far as a decision needs it; `expires` is a Unix time, other times are as they are stored."""

    principal: str
    principal_since: str
    roles: Sequence[str]
    secret_hash: str
    expires: int
    last_used_at: str | None


class Held(NamedTuple):
    """What a principal and a token have been given, and what the principal's roles mean, at one moment."""

    since: str
    meaning: Mapping[str, Sequence[str]]
    direct: Sequence[str]
    denies: Sequence[str]
    token: TokenHeld | None

    @property
    def grants(self) -> Grants:
        """What the caller may do: all that the principal may, or with a token what those of its roles give.

        A role that the principal has no more gives nothing to its tokens either; nor does one that was made anew.
        """
        names: Iterable[str] = self.meaning
        direct = self.direct
        if self.token is not None:
            is_its_own = self.token.principal_since == self.since
            names, direct = [name for name in self.token.roles if is_its_own and name in self.meaning], ()
        allowed = [permission for name in names for permission in self.meaning[name]]
        return Grants(frozenset([*allowed, *direct]), frozenset(self.denies))


class Holdings:
    """Reads what callers hold; what is younger than `seconds` is not read again. Safe to use from several threads."""

    def __init__(self, table: Table, *, seconds: float, now: Callable[[], float]) -> None:
        self._table = table
        self._seconds = seconds
        self._now = now
        self._kept: dict[Key, tuple[float, Item | None]] = {}
        self._lock = Lock()

    def of(self, principal: str, token_id: str | None = None, *, fresh: bool = False) -> Held:
        """Return what a caller holds; one who is not there holds nothing. `fresh`: as it is now, whatever is kept."""
        wanted = [keys.principal(principal), keys.ROLES]
        if token_id is not None:
            wanted.append(keys.token(token_id))
        now = self._now()  # before the read, so that what is kept is never older than it seems
        found = {} if fresh else self._kept_since(now - self._seconds, wanted)
        missing = [key for key in wanted if key not in found]
        read = dict(zip(missing, self._table.get_all(missing), strict=True)) if missing else {}
        found.update(read)
        held = _held(*[found[key] for key in wanted])
        # Made-up tokens must not drive out what is kept of others.
        if token_id is None or (held.token is not None and held.token.principal == principal):
            self._keep(now, read)
        return held

    def note_use(self, token_id: str, at: str) -> None:
        """Remember that a token's last use is noted, so that it is not noted again."""
        key = keys.token(token_id)
        with self._lock:
            stamp, item = self._kept.get(key, (0.0, None))
            if item is not None:
                self._kept[key] = (stamp, {**item, "last_used_at": at})

    def _kept_since(self, oldest: float, wanted: list[Key]) -> dict[Key, Item | None]:
        found = {}
        for key in wanted:
            stamp, item = self._kept.get(key, (oldest, None))
            if stamp > oldest:
                found[key] = item
        return found

    def _keep(self, now: float, read: Mapping[Key, Item | None]) -> None:
        with self._lock:
            for key, item in read.items():
                self._kept.pop(key, None)
                if len(self._kept) >= MOST:
                    del self._kept[next(iter(self._kept))]  # the one read longest ago
                self._kept[key] = (now, item)


_STANDARD = {name: role.permissions for name, role in STANDARD.items()}


def _held(principal: Item | None, roles: Item | None, token: Item | None = None) -> Held:
    rights: Mapping[str, Any] = Principal.upgraded(principal) if principal else {}
    return Held(
        since=rights.get("created_at", ""),
        meaning=_meaning(rights, roles),
        direct=rights.get("grants", ()),
        denies=rights.get("denies", ()),
        token=None if token is None else _token(Token.upgraded(token)),
    )


def _meaning(rights: Mapping[str, Any], roles: Item | None) -> Mapping[str, Sequence[str]]:
    """Return what each of a principal's roles gives.

    One that is not there any more gives nothing, nor does one that was made anew since it was given.
    """
    if roles is None:
        return {name: _STANDARD[name] for name in rights.get("roles", ()) if name in _STANDARD}
    found = {name: roles["roles"][name] for name in rights.get("roles", ()) if name in roles["roles"]}
    if not found:
        return {}
    given_at = datetime.fromisoformat(rights["updated_at"])
    return {
        name: role["permissions"]
        for name, role in found.items()
        if datetime.fromisoformat(role["created_at"]) <= given_at
    }


def _token(token: Item) -> TokenHeld:
    return TokenHeld(
        token["principal"],
        token["principal_since"],
        token["roles"],
        token["secret_hash"],
        token[keys.TTL],
        token.get("last_used_at"),
    )
