"""A migration: a Python file whose name has its number, whose docstring is its description."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from grail.errors import GrailError

Step = Callable[[dict[str, Any]], dict[str, Any]]
"""From an item to what it becomes."""

_NAME = re.compile(r"(\d{4})_[a-z0-9_]{1,60}")


@dataclass(frozen=True)
class Selection:
    """The items that a migration is about: those of a type, or those whose hash key begins with a prefix."""

    type: str | None = None
    prefix: str | None = None


@dataclass(frozen=True)
class Migration:
    """A file, read. Either it brings items to a schema version, or its own `up` changes each of them once."""

    name: str
    source: bytes
    description: str
    selection: Selection
    schema_version: int | None
    up: Step | None
    down: Step | None

    @property
    def number(self) -> int:
        """Its version: its place in the sequence, from 1."""
        return number_of(self.name)

    @property
    def checksum(self) -> str:
        """The SHA-256 of the file, in hex."""
        return checksum_of(self.source)

    @property
    def entry(self) -> "Entry":
        """What it is known by."""
        return Entry(self.name, self.checksum)


class Entry(NamedTuple):
    """A migration's name, and the checksum of its file: what the store and the history know it by."""

    name: str
    checksum: str

    @property
    def number(self) -> int:
        """Its version."""
        return number_of(self.name)


def checksum_of(source: bytes) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(source).hexdigest()


def number_of(name: str) -> int:
    """Return the number in a migration's name. Raises GrailError for what is no such name."""
    found = _NAME.fullmatch(name)
    if found is None or found[1] == "0000":
        message = f"{name}.py is no migration's name: four digits from 0001, then _name in a-z, 0-9 and _"
        raise GrailError(message)
    return int(found[1])


def read(name: str, source: bytes) -> Migration:
    """Run a file and return the migration that it declares. Raises GrailError."""
    number_of(name)
    declared: dict[str, Any] = {"__name__": name}
    try:
        exec(compile(source, f"migrations/{name}.py", "exec"), declared)  # noqa: S102 - that is what the file is for
    except (Exception, SystemExit) as error:
        message = f"{name}.py: {type(error).__name__}: {error}"
        raise GrailError(message) from error
    selection = Selection(declared.get("TYPE"), declared.get("PREFIX"))
    schema_version, up = declared.get("SCHEMA_VERSION"), declared.get("up")
    _require((selection.type is None) != (selection.prefix is None), name, "says neither TYPE nor PREFIX, or both")
    _require((schema_version is None) != (up is None), name, "has neither SCHEMA_VERSION nor up(item), or both")
    _require(schema_version is None or selection.type is not None, name, "SCHEMA_VERSION needs a TYPE")
    _require(
        schema_version is None or (isinstance(schema_version, int) and schema_version > 1),
        name,
        "SCHEMA_VERSION must be a number, 2 or more",
    )
    description = " ".join(str(declared.get("__doc__") or "").split())
    _require(bool(description), name, "has no docstring to describe it")
    return Migration(name, source, description, selection, schema_version, up, declared.get("down"))


def _require(holds: bool, name: str, fault: str) -> None:  # noqa: FBT001 - a condition and what it means
    if not holds:
        message = f"{name}.py {fault}"
        raise GrailError(message)


def template(description: str, *, selection: Selection, schema_version: int | None) -> str:
    """Return a new file's text."""
    chosen = f"PREFIX = {selection.prefix!r}" if selection.type is None else f"TYPE = {selection.type!r}"
    if schema_version is not None:
        return _SCHEMA.format(description=description, selection=chosen, version=schema_version)
    return _OWN.format(description=description, selection=chosen)


_SCHEMA = '''"""{description}."""

{selection}
SCHEMA_VERSION = {version}  # the model's upgrades bring each item here

# For `rollback`: what takes an item back by one schema version. Without it, there is none.
# def down(item):
#     item.pop("...", None)
#     return item
'''
_OWN = '''"""{description}."""

{selection}  # or PREFIX = "...", how the hash key begins


def up(item):
    """Return what an item becomes, which may be the same; it is called once for each."""
    return item


def down(item):
    """Undo `up`. Without this function, there is no rollback."""
    return item
'''
