"""Principals in the table, and with them the one list of admins, so that the last one can't be removed."""

from dataclasses import dataclass

from chalicelib.models.audit import Entry
from chalicelib.models.principals import Principal
from chalicelib.repositories import keys, roles
from chalicelib.repositories.audit import Audit
from chalicelib.repositories.records import LostRaceError, Records
from chalicelib.repositories.roles import RoleSet
from chalicelib.repositories.table import Absent, Alive, Check, ConditionFailedError, Delete, Item, Put, Table


@dataclass(frozen=True)
class Standing:
    """All that a change of a principal is decided by, at one moment; `stored` is their item, empty if there is none."""

    principal: Principal | None
    stored: Item
    roles: RoleSet
    admins: frozenset[str]
    admins_version: int


class Principals(Records[Principal]):
    """The principals."""

    def __init__(self, table: Table, audit: Audit) -> None:
        super().__init__(table, Principal, key=keys.principal, listed_as=keys.PRINCIPALS)
        self._audit = audit

    def standing(self, principal_id: str) -> Standing:
        """Return how things stand with a principal, whether there is one or not."""
        found, role_set, admins = self._table.get_all([keys.principal(principal_id), keys.ROLES, keys.ADMINS])
        return Standing(
            principal=None if found is None else self._load(found),
            stored=found or {},
            roles=roles.load(role_set),
            admins=frozenset(admins["principals"]) if admins else frozenset(),
            admins_version=admins["version"] if admins else 0,
        )

    def save(self, before: Standing, after: Principal, entry: Entry, *, admins: frozenset[str]) -> None:
        """Write a principal and the admins, as long as nothing has moved. Raises LostRaceError.

        What later code has stored of the principal, and this code doesn't know, stays.
        """
        expected = Absent() if before.principal is None else Alive(frozenset({before.principal.version}))
        self._commit(before, Put({**before.stored, **self._item(after)}, expected), entry, admins)

    def remove(self, before: Standing, principal: Principal, entry: Entry, *, admins: frozenset[str]) -> None:
        """Remove a principal. Raises LostRaceError."""
        self._commit(before, Delete(keys.principal(principal.id), Alive(frozenset({principal.version}))), entry, admins)

    def _commit(self, before: Standing, write: Put | Delete, entry: Entry, admins: frozenset[str]) -> None:
        writes: list[Put | Delete | Check] = [write, self._audit.put(entry), before.roles.unchanged]
        if admins != before.admins:
            writes.append(_put_admins(before, admins))
        try:
            self._table.transact(writes)
        except ConditionFailedError as failed:
            raise LostRaceError from failed


def _put_admins(before: Standing, admins: frozenset[str]) -> Put:
    version = before.admins_version
    item = {
        "pk": keys.ADMINS.pk,
        "sk": keys.ADMINS.sk,
        "type": "admins",
        "version": version + 1,
        "principals": sorted(admins),
    }
    return Put(item, Alive(frozenset({version})) if version else Absent())
