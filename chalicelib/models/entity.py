"""What every stored thing carries, so that access, events and migrations can build on it."""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict

from chalicelib.models.fields import Id, View

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""From an item of one schema version, as it is stored, to one of the next. Pure, and right for an item that had it
before: code of the earlier version writes an upgraded item as its own, and leaves the attributes it doesn't know."""
SCHEMA = "schema_version"


class Entity(BaseModel):
    """Base of stored models. Unknown attributes are ignored, so that yesterday's code reads tomorrow's items.

    `owner` is the principal who created it; `version` counts its writes from 1 and is its ETag; `schema_version` is
    that of the code that wrote it last; `request_hash` is the creating request's, where that came with an
    Idempotency-Key.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    KIND: ClassVar[str]
    """What a person calls it, in messages and as the item's `type`."""
    UPGRADES: ClassVar[tuple[Upgrade, ...]] = ()
    """The first takes an item from schema version 1 to 2, and so on (docs/migrations.md)."""

    id: Id
    owner: str
    version: int = 1
    schema_version: int = 1
    created_at: AwareDatetime
    updated_at: AwareDatetime
    request_hash: str | None = None

    @classmethod
    def current_schema(cls) -> int:
        """Return the schema version that this code writes."""
        return len(cls.UPGRADES) + 1

    @classmethod
    def upgraded(cls, item: dict[str, Any]) -> dict[str, Any]:
        """Return an item at this code's schema version; one that is there, or beyond, as it is.

        Raises ValueError, as does an item that is no such entity, where an upgrade fails.
        """
        version = item.get(SCHEMA, 1)
        if version >= cls.current_schema():
            return item
        found = dict(item)
        try:
            for upgrade in cls.UPGRADES[version - 1 :]:
                found = upgrade(found)
        except Exception as error:  # an adopter's function may raise anything
            message = f"a {cls.KIND} can't be upgraded from schema version {version}: {type(error).__name__}"
            raise ValueError(message) from error
        return {**found, SCHEMA: cls.current_schema()}


class Belonging(Entity):
    """Base of what hangs on a person, and goes when the person does."""

    person_id: Id


class EntityView(View):
    """Base of what clients get to see of an entity; its version is the ETag."""

    CACHEABLE: ClassVar[bool] = True
    """Whether it is the same as long as its version is; where it is not, it is never 304."""

    id: Id
    created_at: AwareDatetime
    updated_at: AwareDatetime


E = TypeVar("E", bound=Entity)
B = TypeVar("B", bound=Belonging)
T_co = TypeVar("T_co", covariant=True)


def spell(content: bytes) -> str:
    """Return an id made of bytes (15 of them give 24 characters), in characters that need no escaping anywhere."""
    return base64.b32encode(content).decode().lower()


@dataclass(frozen=True)
class Once:
    """Makes a creation happen once: the id it must get, and the hash of the request that asks for it."""

    id: str
    request_hash: str


@dataclass(frozen=True)
class Made(Generic[T_co]):
    """A creation's outcome; `replayed` when an earlier request with the same key had made it."""

    entity: T_co
    replayed: bool = False


@dataclass(frozen=True)
class Slice(Generic[T_co]):
    """Part of a list, in order; `position` is that of its last item when more follow, else None."""

    items: list[T_co]
    position: str | None
