"""What the app says of its table, and where a migration keeps its own items in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grail.errors import GrailError

Raw = Mapping[str, Any]
"""An item, or a key, in DynamoDB's JSON."""

OWN = "MIGRATIONS#"
"""How the keys of a migration's own items begin; no item of the app's may."""


@dataclass(frozen=True)
class Layout:
    """A table and the names of its attributes: `key` (hash, or hash and sort) and `version`, which counts writes.

    `type` tells kinds of items apart, `schema_version` is the shape that an item has, and an item with `tombstone` is
    deleted; None where the app has no such thing. `indexes` are the hash attributes of its indexes.
    """

    table: str
    key: tuple[str, ...]
    version: str
    schema_version: str | None = None
    type: str | None = None
    tombstone: str | None = None
    indexes: tuple[str, ...] = ()

    @classmethod
    def read(cls, declared: Mapping[str, Any] | None, *, table: str) -> "Layout":
        """Read what the app registered as its table. Raises GrailError."""
        if declared is None:
            message = "the app has no table: pyproject.toml [tool.grail] names no `table`"
            raise GrailError(message)
        if "version" not in declared:
            message = "the app's `table` names no `version`: the attribute that counts an item's writes"
            raise GrailError(message)
        names = {name: declared.get(name) for name in ("version", "schema_version", "type", "tombstone")}
        indexes = tuple(pair[0] for pair in declared.get("indexes", {}).values())
        return cls(table=table, key=tuple(declared["key"]), indexes=indexes, **names)  # type: ignore[arg-type]

    def key_of(self, item: Raw) -> dict[str, Any]:
        """Return an item's key."""
        return {name: item[name] for name in self.key}

    def own_key(self, name: str) -> dict[str, Any]:
        """Return the key of one of a migration's own items."""
        return {attribute: {"S": f"{OWN}{name}"} for attribute in self.key}

    def own_marks(self) -> dict[str, Any]:
        """Return what else such an item has, so that whoever reads the table's stream can tell what it is."""
        return {} if self.type is None else {self.type: {"S": "migrations"}}
