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

ALICE = Caller("alice")
BOB = Caller("bob", only_own=True)
"""May reach only what is theirs."""
NOBODY = "nobody00000000000000000"


def services(table: Table, **changes: Any) -> bootstrap.Services:
    """Wire the services on a table."""
    return bootstrap.build(dataclasses.replace(Settings.read({}), **changes), table=table)


def walk(service: Service[Any], limit: int, caller: Caller = ALICE) -> list[str]:
    """Return the ids of a whole list, read in parts."""
    found, after = [], None
    while True:
        part = service.page(limit=limit, after=after, caller=caller)
        assert len(part.items) <= limit
        found += [entity.id for entity in part.items]
        if part.position is None:
            return found
        assert part.position != after
        after = part.position


class ReadOnlyContract:
    """What every service does."""

    def test_what_is_not_there_is_not_found(self, service: Service[Entity]) -> None:
        """An unknown id is an error of its own."""
        with pytest.raises(NotFoundError):
            service.get(NOBODY, caller=ALICE)

    def test_a_list_in_parts_is_the_list(self, service: Service[Entity], three: list[str]) -> None:
        """Whatever the size of the parts, each thing stands once, in the same order."""
        whole = walk(service, 100)
        assert set(three) <= set(whole)
        assert len(whole) == len(set(whole))
        for limit in (1, 2, 7):
            assert walk(service, limit) == whole

    def test_what_is_listed_can_be_got(self, service: Service[Entity], three: list[str]) -> None:
        """List and get show the same."""
        listed = {entity.id: entity for entity in service.page(limit=1000, after=None, caller=ALICE).items}
        for identifier in three:
            assert service.get(identifier, caller=ALICE) == listed[identifier]

    def test_the_operations_it_names_are_those_it_has(self, service: Service[Entity]) -> None:
        """What is not named raises NotImplementedError, before anything else."""
        arguments: dict[str, Callable[[], object]] = {
            "create": lambda: service.create(Note(title="a"), once=None, caller=ALICE),
            "replace": lambda: service.replace(NOBODY, Note(title="a"), expected=None, caller=ALICE),
            "change": lambda: service.change(NOBODY, PatchModel(), expected=None, caller=ALICE),
            "delete": lambda: service.delete(NOBODY, expected=None, caller=ALICE),
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
        assert service.get(made.entity.id, caller=ALICE) == made.entity
        assert self.shown(made.entity) == self.new(1)
        assert (made.entity.owner, made.entity.version, made.replayed) == ("alice", 1, False)

    def test_the_list_is_in_order_of_creation(self, service: Service[Entity], three: list[str]) -> None:
        """Oldest first, always."""
        assert [identifier for identifier in walk(service, 2) if identifier in three] == three

    def test_a_change_counts_the_version(self, service: Service[Entity], three: list[str]) -> None:
        """Guarded by the right version or not at all, it is done."""
        for expected, version in ((frozenset({1}), 2), (None, 3), (frozenset({1, 3}), 4)):
            changed = service.change(three[0], self.patch(10 + version), expected=expected, caller=ALICE)
            assert changed.version == version
            assert self.shown(changed) == self.shown(service.get(three[0], caller=ALICE))

    def test_a_replacement_sets_everything(self, service: Service[Entity], three: list[str]) -> None:
        """Guarded or not, afterwards it is as if made so."""
        for number, expected in ((10, frozenset({1})), (11, None)):
            replaced = service.replace(three[0], self.new(number), expected=expected, caller=ALICE)
            assert self.shown(service.get(three[0], caller=ALICE)) == self.shown(replaced) == self.new(number)

    def test_an_empty_patch_changes_nothing_else(self, service: Service[Entity], three: list[str]) -> None:
        """Only version and time move."""
        before = service.get(three[0], caller=ALICE)
        after = service.change(three[0], type(self.patch(0)).model_validate({}), expected=None, caller=ALICE)
        assert self.shown(before) == self.shown(after)

    def test_a_stale_version_changes_nothing(self, service: Service[Entity], three: list[str]) -> None:
        """Neither change nor replacement nor deletion."""
        before = service.get(three[0], caller=ALICE)
        with pytest.raises(StaleVersionError):
            service.change(three[0], self.patch(9), expected=frozenset({2}), caller=ALICE)
        with pytest.raises(StaleVersionError):
            service.replace(three[0], self.new(9), expected=frozenset({2}), caller=ALICE)
        with pytest.raises(StaleVersionError):
            service.delete(three[0], expected=frozenset({2}), caller=ALICE)
        assert service.get(three[0], caller=ALICE) == before

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_is_not_there_can_not_be_written(self, service: Service[Entity], expected: Any) -> None:
        """Guarded or not, it is not found, and not made either."""
        with pytest.raises(NotFoundError):
            service.change(NOBODY, self.patch(1), expected=expected, caller=ALICE)
        with pytest.raises(NotFoundError):
            service.replace(NOBODY, self.new(1), expected=expected, caller=ALICE)
        with pytest.raises(NotFoundError):
            service.delete(NOBODY, expected=expected, caller=ALICE)
        assert walk(service, 100) == []

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_was_deleted_is_gone(self, service: Service[Entity], three: list[str], expected: Any) -> None:
        """From get, list and every write."""
        service.delete(three[1], expected=expected, caller=ALICE)
        assert walk(service, 100) == [three[0], three[2]]
        for attempt in (
            lambda: service.get(three[1], caller=ALICE),
            lambda: service.change(three[1], self.patch(9), expected=None, caller=ALICE),
            lambda: service.change(three[1], self.patch(9), expected=frozenset({2}), caller=ALICE),
            lambda: service.replace(three[1], self.new(9), expected=None, caller=ALICE),
            lambda: service.delete(three[1], expected=None, caller=ALICE),
        ):
            with pytest.raises(NotFoundError):
                attempt()

    def test_a_key_makes_one_thing(self, service: Service[Entity]) -> None:
        """Sent again it answers with what is there now, even after a change."""
        once = Once("keyed0", "hash")
        first = service.create(self.new(1), once=once, caller=ALICE)
        again = service.create(self.new(1), once=once, caller=ALICE)
        assert (first.entity, again.entity) == (service.get("keyed0", caller=ALICE), first.entity)
        assert (first.replayed, again.replayed) == (False, True)
        changed = service.change("keyed0", self.patch(5), expected=None, caller=ALICE)
        assert service.create(self.new(1), once=once, caller=ALICE).entity == changed
        assert walk(service, 100) == ["keyed0"]

    def test_a_key_with_another_body_is_refused(self, service: Service[Entity]) -> None:
        """Whether the thing is still there or was deleted since."""
        service.create(self.new(1), once=Once("keyed0", "hash"), caller=ALICE)
        with pytest.raises(KeyReusedError):
            service.create(self.new(2), once=Once("keyed0", "other"), caller=ALICE)
        service.delete("keyed0", expected=None, caller=ALICE)
        with pytest.raises(KeyReusedError):
            service.create(self.new(2), once=Once("keyed0", "other"), caller=ALICE)

    def test_a_key_does_not_bring_back_what_was_deleted(self, service: Service[Entity]) -> None:
        """A late retry of the creation is a conflict, not a second thing."""
        service.create(self.new(1), once=Once("keyed0", "hash"), caller=ALICE)
        service.delete("keyed0", expected=None, caller=ALICE)
        with pytest.raises(ConflictError):
            service.create(self.new(1), once=Once("keyed0", "hash"), caller=ALICE)
        assert walk(service, 100) == []

    @pytest.fixture
    def mixed(self, service: Service[Entity]) -> tuple[list[str], list[str]]:
        """Return the ids of what is Alice's and of what is Bob's, made in turn, with two of Bob's at the end."""
        owners = [ALICE, BOB, ALICE, BOB, BOB]
        ids = [
            service.create(self.new(number), once=None, caller=owner).entity.id for number, owner in enumerate(owners)
        ]
        return [ids[0], ids[2]], [ids[1], ids[3], ids[4]]

    def test_what_somebody_makes_is_theirs(self, service: Service[Entity]) -> None:
        """Confined or not, they can get it."""
        made = service.create(self.new(1), once=None, caller=BOB)
        assert made.entity.owner == "bob"
        for caller in (BOB, BOB._replace(only_own=False)):
            assert service.get(made.entity.id, caller=caller) == made.entity

    def test_the_own_list_in_parts_is_what_is_theirs(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]]
    ) -> None:
        """Whatever the size of the parts, in order, and with nothing of others between."""
        _, mine = mixed
        for limit in (1, 2, 7):
            assert walk(service, limit, BOB) == mine
        assert walk(service, 2, Caller("carol", only_own=True)) == []

    def test_the_parts_of_the_own_list_are_full(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]]
    ) -> None:
        """None is cut short by what is left out, and the last one says that it is."""
        _, mine = mixed
        part = service.page(limit=2, after=None, caller=BOB)
        assert [entity.id for entity in part.items] == mine[:2]
        rest = service.page(limit=1, after=part.position, caller=BOB)
        assert ([entity.id for entity in rest.items], rest.position) == (mine[2:], None)

    def test_all_see_what_is_everybodys(self, service: Service[Entity], mixed: tuple[list[str], list[str]]) -> None:
        """Whoever is not confined reaches what others own."""
        theirs, mine = mixed
        assert sorted(walk(service, 2)) == sorted([*theirs, *mine])
        assert service.get(mine[0], caller=ALICE).owner == "bob"

    def test_what_is_anothers_is_not_found(self, service: Service[Entity], mixed: tuple[list[str], list[str]]) -> None:
        """It looks as if it were not there."""
        theirs, _ = mixed
        with pytest.raises(NotFoundError) as anothers:
            service.get(theirs[0], caller=BOB)
        with pytest.raises(NotFoundError) as missing:
            service.get(NOBODY, caller=BOB)
        assert str(anothers.value).replace(theirs[0], NOBODY) == str(missing.value)

    @pytest.mark.parametrize("expected", [None, frozenset({1}), frozenset({9})])
    def test_what_is_anothers_can_not_be_written(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]], expected: Any
    ) -> None:
        """Guarded or not, by the right version or a wrong one: it is not found, and stays as it is."""
        theirs, _ = mixed
        before = service.get(theirs[0], caller=ALICE)
        for attempt in (
            lambda: service.change(theirs[0], self.patch(9), expected=expected, caller=BOB),
            lambda: service.change(theirs[0], type(self.patch(0)).model_validate({}), expected=expected, caller=BOB),
            lambda: service.replace(theirs[0], self.new(9), expected=expected, caller=BOB),
            lambda: service.replace(theirs[0], self.new(0), expected=expected, caller=BOB),
            lambda: service.delete(theirs[0], expected=expected, caller=BOB),
        ):
            with pytest.raises(NotFoundError):
                attempt()
        assert service.get(theirs[0], caller=ALICE) == before

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_is_mine_can_be_changed(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]], expected: Any
    ) -> None:
        """Guarded or not; it stays mine, and in its place."""
        _, mine = mixed
        changed = service.change(mine[0], self.patch(9), expected=expected, caller=BOB)
        assert (changed.owner, changed.version) == ("bob", 2)
        assert service.get(mine[0], caller=BOB) == changed
        assert walk(service, 2, BOB) == mine

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_is_mine_can_be_replaced(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]], expected: Any
    ) -> None:
        """Guarded or not; it stays mine, and in its place."""
        _, mine = mixed
        replaced = service.replace(mine[0], self.new(9), expected=expected, caller=BOB)
        assert replaced.owner == "bob"
        assert self.shown(service.get(mine[0], caller=BOB)) == self.new(9)
        assert walk(service, 2, BOB) == mine

    @pytest.mark.parametrize("expected", [None, frozenset({1})])
    def test_what_is_mine_can_be_deleted(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]], expected: Any
    ) -> None:
        """Guarded or not; it leaves both lists."""
        theirs, mine = mixed
        service.delete(mine[1], expected=expected, caller=BOB)
        assert walk(service, 2, BOB) == [mine[0], mine[2]]
        assert sorted(walk(service, 7)) == sorted([*theirs, mine[0], mine[2]])

    def test_what_is_mine_is_guarded_by_its_version(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]]
    ) -> None:
        """Of my own things I am told that they have changed."""
        _, mine = mixed
        before = service.get(mine[0], caller=BOB)
        for attempt in (
            lambda: service.change(mine[0], self.patch(9), expected=frozenset({2}), caller=BOB),
            lambda: service.replace(mine[0], self.new(9), expected=frozenset({2}), caller=BOB),
            lambda: service.delete(mine[0], expected=frozenset({2}), caller=BOB),
        ):
            with pytest.raises(StaleVersionError):
                attempt()
        assert service.get(mine[0], caller=BOB) == before

    def test_another_changing_it_leaves_it_mine(
        self, service: Service[Entity], mixed: tuple[list[str], list[str]]
    ) -> None:
        """The owner is who made it."""
        _, mine = mixed
        service.change(mine[0], self.patch(8), expected=None, caller=ALICE)
        service.replace(mine[0], self.new(9), expected=None, caller=ALICE)
        assert service.get(mine[0], caller=BOB).version == 3
        assert walk(service, 2, BOB) == mine


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

    @pytest.mark.parametrize("caller", [BOB, Caller("system", only_own=True)], ids=["bob", "system"])
    def test_nothing_is_anybodys_own(self, service: Service[Entity], caller: Caller) -> None:
        """What stands in the code has no owner, whatever somebody is called."""
        assert walk(service, 7, caller) == []
        with pytest.raises(NotFoundError):
            service.get("EUR", caller=caller)


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
