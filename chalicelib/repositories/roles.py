"""All roles in one item of the table, so that a decision reads them together with the rest."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.models.audit import Entry
from chalicelib.models.roles import STANDARD, Role
from chalicelib.repositories import keys
from chalicelib.repositories.audit import Audit
from chalicelib.repositories.records import LostRaceError
from chalicelib.repositories.table import Absent, Alive, Check, ConditionFailedError, Expected, Item, Put, Table


@dataclass(frozen=True)
class RoleSet:
    """All roles at one moment; `version` is 0 until one is changed for the first time."""

    roles: Mapping[str, Role]
    version: int

    @property
    def unchanged(self) -> Check:
        """What a write demands that was decided by these roles."""
        return Check(keys.ROLES, self.expected)

    @property
    def expected(self) -> Expected:
        """What the table holds while nobody changes a role."""
        return Alive(frozenset({self.version})) if self.version else Absent()


def load(item: Item | None) -> RoleSet:
    """Return the roles of the item."""
    if item is None:
        return RoleSet(STANDARD, 0)
    return RoleSet({name: Role.model_validate(role) for name, role in item["roles"].items()}, item["version"])


class Roles:
    """The roles."""

    def __init__(self, table: Table, audit: Audit) -> None:
        self._table = table
        self._audit = audit

    def all(self) -> RoleSet:
        """Return all roles."""
        return load(self._table.get(keys.ROLES))

    def save(self, before: RoleSet, after: Mapping[str, Role], entry: Entry) -> None:
        """Write all roles. Raises LostRaceError."""
        stored = {name: role.model_dump(mode="json", exclude_none=True) for name, role in after.items()}
        key = keys.ROLES
        item = {"pk": key.pk, "sk": key.sk, "type": "roles", "version": before.version + 1, "roles": stored}
        try:
            self._table.transact([Put(item, before.expected), self._audit.put(entry)])
        except ConditionFailedError as failed:
            raise LostRaceError from failed
