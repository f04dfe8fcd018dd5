"""One suite for every resource's service: those that can be written inherit all of it, a read-only one its half."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import bootstrap
from chalicelib.errors import ConflictError, KeyReusedError, NotFoundError, StaleVersionError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Entity, Once
from chalicelib.models.fields import PatchModel, RequestModel
from chalicelib.models.mocks import Mock
from chalicelib.models.notes import Note
from chalicelib.models.people import PersonNew, PersonPatch
from chalicelib.repositories.memory import MemoryTable
from chalicelib.repositories.table import Table
from chalicelib.services.resources import RESOURCES
from chalicelib.services.service import Service
from chalicelib.settings import Settings

ALICE = Caller("alice", ("*:*",))
NOBODY = "nobody00000000000000000"


def services(table: Table, **changes: Any) -> bootstrap.Services:
    """Wire the services on a table."""
    return bootstrap.build(dataclasses.replace(Settings.read({}), **changes), table=table)


def walk(service: Service[Any], limit: int) -> list[str]:
    """Return the ids of a whole list, read in parts."""
    found, after = [], None
    while True:
        part = service.page(limit=limit, after=after)
        assert len(part.items) <= limit
        found += [entity.id for entity in part.items]
        if part.position is None:
            return found
        after = part.position


class ReadOnlyContract:
    """What every service does."""

    def test_what_is_not_there_is_not_found(self, service: Service[Entity]) -> None:
        """An unknown id is an error of its own."""
        with pytest.raises(NotFoundError):
            service.get(NOBODY)

    def test_a_list_in_parts_is_the_list(self, service: Service[Entity], three: list[str]) -> None:
        """Whatever the size of the parts, each thing stands once, in the same order."""
        whole = walk(service, 100)
        assert set(three) <= set(whole)
        assert len(whole) == len(set(whole))
        for limit in (1, 2, 7):
            assert walk(service, limit) == whole

    def test_what_is_listed_can_be_got(self, service: Service[Entity], three: list[str]) -> None:
        """List and get show the same."""
        listed = {entity.id: entity for entity in service.page(limit=1000, after=None).items}
        for identifier in three:
            assert service.get(identifier) == listed[identifier]

    def test_the_operations_it_names_are_those_it_has(self, service: Service[Entity]) -> None:
        """What is not named raises NotImplementedError, before anything else."""
        arguments: dict[str, Callable[[], object]] = {
            "create": lambda: service.create(Note(title="a"), once=None, caller=ALICE),
            "replace": lambda: service.replace(NOBODY, Note(title="a"), expected=None),
            "change": lambda: service.change(NOBODY, PatchModel(), expected=None),
            "delete": lambda: service.delete(NOBODY, expected=None),
        }
        for name in set(arguments) - service.operations():
            with pytest.raises(NotImplementedError):
                arguments[name]()


class WritableContract(ReadOnlyContract):
    """What every service does that can be written."""

    @pytest.fixture
    def three(self, service: Service[Entity]) -> list[str]:
        """Return the ids of three things."""
        return [service.create(self.new(number), once=None, caller=ALICE).entity.id for number in range(3)]

    def new(self, number: int) -> RequestModel:
        """Return what makes a thing that differs from others by its number."""
        raise NotImplementedError

    def patch(self, number: int) -> PatchModel:
        """Return what changes a thing to that with the number."""
        raise NotImplementedError

    def shown(self, entity: Entity) -> RequestModel:
        """Return what would have made an entity as it is."""
        fields = type(self.new(0)).model_fields
        return type(self.new(0)).model_validate(entity.model_dump(include=set(fields)))

    def test_what_was_created_can_be_got(self, service: Service[Entity]) -> None:
        """It has an id, its maker as owner, and the first version."""
        made = service.create(self.new(1), once=None, caller=ALICE)
        assert service.get(made.entity.id) == made.entity
        assert self.shown(made.entity) == self.new(1)
        assert (made.entity.owner, made.entity.version, made.replayed) == ("alice", 1, False)

    def test_the_list_is_in_order_of_creation(self, service: Service[Entity], three: list[str]) -> None:
        """Oldest first, always."""
        assert [identifier for identifier in walk(service, 2) if identifier in three] == three

    def test_a_change_counts_the_version(self, service: Service[Entity], three: list[str]) -> None:
        """Guarded by the right version or not at all, it is done."""
        for expected, version in ((frozenset({1}), 2), (None, 3), (frozenset({1, 3}), 4)):
            changed = service.change(three[0], self.patch(10 + version), expected=expected)
            assert changed.version == version
            assert self.shown(changed) == self.shown(service.get(three[0]))

    def test_a_replacement_sets_everything(self, service: Service[Entity], three: list[str]) -> None:
        """Guarded or not, afterwards it is as if made so."""
        for number, expected in ((10, frozenset({1})), (11, None)):
            replaced = service.replace(three[0], self.new(number), expected=expected)
            assert self.shown(service.get(three[0])) == self.shown(replaced) == self.new(number)

    def test_an_empty_patch_changes_nothing_else(self, service: Service[Entity], three: list[str]) -> None:
        """Only version and time move."""
        before = service.get(three[0])
        after = service.change(three[0], type(self.patch(0)).model_validate({}), expected=None)
        assert self.shown(before) == self.shown(after)

    def test_a_stale_version_changes_nothing(self, service: Service[Entity], three: list[str]) -> None:
        """Neither change nor replacement nor deletion."""
        before = service.get(three[0])
        with pytest.raises(StaleVersionError):
            service.change(three[0], self.patch(9), expected=frozenset({2}))
        with pytest.raises(StaleVersionError):
            service.replace(three[0], self.new(9), expected=frozenset({2}))
        with pytest.raises(StaleVersionError):
            service.delete(three[0], expected=frozenset({2}))
        assert service.get(three[0]) == before

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_is_not_there_can_not_be_written(self, service: Service[Entity], expected: Any) -> None:
        """Guarded or not, it is not found, and not made either."""
        with pytest.raises(NotFoundError):
            service.change(NOBODY, self.patch(1), expected=expected)
        with pytest.raises(NotFoundError):
            service.replace(NOBODY, self.new(1), expected=expected)
        with pytest.raises(NotFoundError):
            service.delete(NOBODY, expected=expected)
        assert walk(service, 100) == []

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_was_deleted_is_gone(self, service: Service[Entity], three: list[str], expected: Any) -> None:
        """From get, list and every write."""
        service.delete(three[1], expected=expected)
        assert walk(service, 100) == [three[0], three[2]]
        for attempt in (
            lambda: service.get(three[1]),
            lambda: service.change(three[1], self.patch(9), expected=None),
            lambda: service.change(three[1], self.patch(9), expected=frozenset({2})),
            lambda: service.replace(three[1], self.new(9), expected=None),
            lambda: service.delete(three[1], expected=None),
        ):
            with pytest.raises(NotFoundError):
                attempt()

    def test_a_key_makes_one_thing(self, service: Service[Entity]) -> None:
        """Sent again it answers with what is there now, even after a change."""
        once = Once("keyed0", "hash")
        first = service.create(self.new(1), once=once, caller=ALICE)
        again = service.create(self.new(1), once=once, caller=ALICE)
        assert (first.entity, again.entity) == (service.get("keyed0"), first.entity)
        assert (first.replayed, again.replayed) == (False, True)
        changed = service.change("keyed0", self.patch(5), expected=None)
        assert service.create(self.new(1), once=once, caller=ALICE).entity == changed
        assert walk(service, 100) == ["keyed0"]

    def test_a_key_with_another_body_is_refused(self, service: Service[Entity]) -> None:
        """Whether the thing is still there or was deleted since."""
        service.create(self.new(1), once=Once("keyed0", "hash"), caller=ALICE)
        with pytest.raises(KeyReusedError):
            service.create(self.new(2), once=Once("keyed0", "other"), caller=ALICE)
        service.delete("keyed0", expected=None)
        with pytest.raises(KeyReusedError):
            service.create(self.new(2), once=Once("keyed0", "other"), caller=ALICE)

    def test_a_key_does_not_bring_back_what_was_deleted(self, service: Service[Entity]) -> None:
        """A late retry of the creation is a conflict, not a second thing."""
        service.create(self.new(1), once=Once("keyed0", "hash"), caller=ALICE)
        service.delete("keyed0", expected=None)
        with pytest.raises(ConflictError):
            service.create(self.new(1), once=Once("keyed0", "hash"), caller=ALICE)
        assert walk(service, 100) == []


class TestCurrencies(ReadOnlyContract):
    """Read-only, from the code."""

    @pytest.fixture
    def service(self) -> Service[Entity]:
        """Return the service."""
        return services(MemoryTable()).resources["currencies"]

    @pytest.fixture
    def three(self) -> list[str]:
        """Return the ids of three things."""
        return ["EUR", "JPY", "USD"]


class TestNotes(WritableContract):
    """In the table, of every implementation."""

    @pytest.fixture
    def service(self, table: Table) -> Service[Entity]:
        """Return the service."""
        return services(table).resources["notes"]

    def new(self, number: int) -> RequestModel:
        """Return a note."""
        return Note(title=f"note {number}", text=f"text\n{number}", tags=["tag"])

    def patch(self, number: int) -> PatchModel:
        """Return a note's change."""
        return RESOURCES["notes"].shapes.patch.model_validate({"title": f"note {number}", "tags": None})


class TestMocks(WritableContract):
    """In this process, whatever the table."""

    @pytest.fixture
    def service(self) -> Service[Entity]:
        """Return the service; a table that is asked for anything fails."""
        return bootstrap.build(Settings.read({}), table=_Untouchable()).resources["mocks"]

    def new(self, number: int) -> RequestModel:
        """Return a mock."""
        return Mock(name=f"mock {number}", amount=number)

    def patch(self, number: int) -> PatchModel:
        """Return a mock's change."""
        return RESOURCES["mocks"].shapes.patch.model_validate({"amount": number})


class TestMocksInTheTable(TestMocks):
    """Where there are many processes, mocks are kept in the table."""

    @pytest.fixture
    def service(self, table: Table) -> Service[Entity]:
        """Return the service."""
        return services(table, mocks_in_memory=False).resources["mocks"]


class TestPeople(WritableContract):
    """With their claims on emails, on one shard and on three."""

    @pytest.fixture(params=[1, 3])
    def service(self, table: Table, request: pytest.FixtureRequest) -> Service[Any]:
        """Return the service."""
        return services(table, people_shards=request.param).people

    def new(self, number: int) -> RequestModel:
        """Return a person."""
        return PersonNew(name=f"person {number}", email=f"p{number}@example.com", tags=["tag"])

    def patch(self, number: int) -> PatchModel:
        """Return a person's change, of the email too."""
        return PersonPatch(email=f"p{number}@example.com", phone="+442079460000")


class _Untouchable:
    """A table that must not be asked."""

    def __getattr__(self, name: str) -> Any:
        """Fail."""
        message = f"the table was asked to {name}"
        raise AssertionError(message)
