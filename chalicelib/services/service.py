"""The one interface of every resource's service, and its two implementations: stored, and fixed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic

from chalicelib.errors import NotFoundError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import E, Entity, Made, Once, Slice
from chalicelib.models.fields import PatchModel, RequestModel
from chalicelib.repositories.records import Records, Versions

Clock = Callable[[], datetime]
"""Returns the time, in UTC."""
NewId = Callable[[], str]
"""Returns an id that nothing has yet."""


def begin(model: type[Entity], *, at: datetime, caller: Caller, new_id: NewId, once: Once | None) -> dict[str, Any]:
    """Return the fields that every new entity starts with."""
    return {
        "id": once.id if once else new_id(),
        "owner": caller.principal,
        "schema_version": model.current_schema(),
        "created_at": at,
        "updated_at": at,
        "request_hash": once.request_hash if once else None,
    }


class Service(ABC, Generic[E]):
    """What can be done with a resource. An operation that a service does not have raises NotImplementedError.

    To a caller who is confined to what is theirs, all else is not found.
    """

    OPERATIONS: ClassVar[tuple[str, ...]] = ("page", "create", "get", "replace", "change", "delete")
    OWNED: ClassVar[bool]
    """Whether its things have owners; where they have none, nothing is anybody's own."""

    @classmethod
    def operations(cls) -> frozenset[str]:
        """Return the names of the operations that this class has."""
        return frozenset(name for name in cls.OPERATIONS if getattr(cls, name) is not getattr(Service, name))

    @abstractmethod
    def get(self, identifier: str, *, caller: Caller) -> E:
        """Return one. Raises NotFoundError."""

    @abstractmethod
    def page(self, *, limit: int, after: str | None, caller: Caller) -> Slice[E]:
        """Return up to `limit` from behind the position `after`, in an order that stays."""

    def create(self, body: RequestModel, *, once: Once | None, caller: Caller) -> Made[E]:
        """Add one; with `once`, at most one. Raises KeyReusedError, ConflictError."""
        raise NotImplementedError

    def replace(self, identifier: str, body: RequestModel, *, expected: Versions, caller: Caller) -> E:
        """Set all of one's fields. Raises NotFoundError, StaleVersionError, ConflictError."""
        raise NotImplementedError

    def change(self, identifier: str, patch: PatchModel, *, expected: Versions, caller: Caller) -> E:
        """Set some of one's fields. Raises NotFoundError, StaleVersionError, ConflictError."""
        raise NotImplementedError

    def delete(self, identifier: str, *, expected: Versions, caller: Caller) -> None:
        """Delete one. Raises NotFoundError, StaleVersionError, ConflictError."""
        raise NotImplementedError


class Stored(Service[E]):
    """A resource kept in a repository."""

    OWNED = True

    def __init__(self, records: Records[E], model: type[E], *, now: Clock, new_id: NewId) -> None:
        self._records = records
        self._model = model
        self._now = now
        self._new_id = new_id

    def get(self, identifier: str, *, caller: Caller) -> E:
        """Return one."""
        return self._records.get(identifier, owner=caller.confined_to)

    def page(self, *, limit: int, after: str | None, caller: Caller) -> Slice[E]:
        """Return a part of the list, oldest first."""
        return self._records.page(limit=limit, after=after, owner=caller.confined_to)

    def create(self, body: RequestModel, *, once: Once | None, caller: Caller) -> Made[E]:
        """Add one."""
        stamps = begin(self._model, at=self._now(), caller=caller, new_id=self._new_id, once=once)
        return self._records.add(self._model(**body.model_dump(), **stamps))

    def replace(self, identifier: str, body: RequestModel, *, expected: Versions, caller: Caller) -> E:
        """Set all of one's fields."""
        fields = body.model_dump(mode="json")
        owner = caller.confined_to
        return self._records.replace(identifier, fields, expected=expected, owner=owner, at=self._now())

    def change(self, identifier: str, patch: PatchModel, *, expected: Versions, caller: Caller) -> E:
        """Set some of one's fields."""
        owner = caller.confined_to
        return self._records.change(identifier, patch.changes(), expected=expected, owner=owner, at=self._now())

    def delete(self, identifier: str, *, expected: Versions, caller: Caller) -> None:
        """Delete one."""
        self._records.delete(identifier, expected=expected, owner=caller.confined_to, at=self._now())


class Fixed(Service[E]):
    """A resource that never changes, listed by id."""

    OWNED = False

    def __init__(self, model: type[E], contents: Mapping[str, RequestModel]) -> None:
        epoch = datetime(2026, 1, 1, tzinfo=UTC)  # when this list was taken; it never changes
        self._kind = model.KIND
        self._entities = {
            identifier: model(
                **contents[identifier].model_dump(), id=identifier, owner="system", created_at=epoch, updated_at=epoch
            )
            for identifier in sorted(contents)
        }

    def get(self, identifier: str, *, caller: Caller) -> E:
        """Return one."""
        if caller.only_own or identifier not in self._entities:
            raise NotFoundError(self._kind, identifier)
        return self._entities[identifier]

    def page(self, *, limit: int, after: str | None, caller: Caller) -> Slice[E]:
        """Return a part of the list."""
        if caller.only_own:
            return Slice([], None)
        found = [entity for identifier, entity in self._entities.items() if after is None or identifier > after]
        return Slice(found[:limit], found[limit - 1].id if len(found) > limit else None)
