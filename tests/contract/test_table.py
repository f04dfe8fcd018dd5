"""What every implementation of the table does alike."""

from threading import Barrier, Thread
from typing import Any

import pytest

from chalicelib.errors import TooLargeError
from chalicelib.repositories.dynamodb import DynamoTable
from chalicelib.repositories.keys import Key
from chalicelib.repositories.table import (
    WRITE_ID,
    Absent,
    Alive,
    Check,
    ConditionFailedError,
    Delete,
    Item,
    Put,
    Table,
    Update,
)
from tests.contract.conftest import Clock

ONE, TWO = Key("A#1", "X"), Key("A#2", "X")


def item(key: Key = ONE, **attributes: Any) -> Item:
    return {"pk": key.pk, "sk": key.sk, "version": 1, **attributes}


def stored(table: Table, key: Key = ONE) -> Item | None:
    """Return what is stored, without what each write stamps."""
    found = table.get(key)
    return found and {name: value for name, value in found.items() if name != WRITE_ID}


def put(table: Table, *items: Item) -> None:
    for each in items:
        table.write(Put(each))


def test_what_was_put_can_be_got(table: Table) -> None:
    """Every JSON value comes back as it was."""
    values: dict[str, Any] = {
        "text": "é😀\n",
        "empty": "",
        "yes": True,
        "none": None,
        "integer": -(10**37),
        "float": 0.1,
        "list": [1, "a", [], {}],
        "map": {"a": {"b": None}},
    }
    put(table, item(**values))
    assert stored(table) == item(**values)


def test_nothing_is_none(table: Table) -> None:
    """An item that is not there is no error."""
    assert table.get(ONE) is None


def test_the_answers_follow_the_keys(table: Table) -> None:
    """Whatever order the table finds them in; what is missing is None."""
    keys = [Key(f"A#{number}", "X") for number in range(20)]
    put(table, *(item(key, number=number) for number, key in enumerate(keys) if number % 3))
    for order in (keys, keys[::-1], keys[7:11]):
        found = [each and each["number"] for each in table.get_all(order)]
        assert found == [keys.index(key) if keys.index(key) % 3 else None for key in order]


def test_what_is_got_together_is_what_is_got_alone(table: Table) -> None:
    """One key or several, there or not."""
    put(table, item(ONE, a={"b": [1, "x"]}))
    assert table.get_all([ONE]) == [table.get(ONE)]
    assert table.get_all([TWO]) == [None]
    assert table.get_all([TWO, ONE]) == [None, table.get(ONE)]


def test_the_sort_key_tells_items_apart_that_are_got_together(table: Table) -> None:
    """Two items may share the first half of their keys."""
    other = Key(ONE.pk, "Y")
    put(table, item(ONE, a=1), item(other, a=2))
    assert [found and found["a"] for found in table.get_all([other, ONE, Key(ONE.pk, "Z")])] == [2, 1, None]


def test_a_hundred_can_be_got_together(table: Table) -> None:
    """DynamoDB quota "BatchGetItem": 100 items."""
    put(table, item(ONE))
    found = table.get_all([ONE, *(Key(f"B#{number}", "X") for number in range(99))])
    assert [each is not None for each in found] == [True] + [False] * 99


def test_a_tombstone_is_not_got_together_either(table: Table, clock: Clock) -> None:
    """Nor one whose time has passed."""
    put(table, tombstone(clock), item(TWO))
    assert [found is not None for found in table.get_all([ONE, TWO])] == [False, True]
    clock.now += 61
    assert [found is not None for found in table.get_all([ONE, TWO])] == [False, True]


def test_every_write_is_got_together_at_once(table: Table) -> None:
    """Each read is consistent."""
    for number in range(1, 10):
        put(table, item(Key(f"A#{number}", "X")))
        table.write(Update(Key(f"A#{number}", "X"), {"a": number}))
        found = table.get_all([Key(f"A#{each}", "X") for each in range(1, number + 1)])
        assert [each and (each["a"], each["version"]) for each in found] == [(each, 2) for each in range(1, number + 1)]


def test_a_put_expects_absence(table: Table) -> None:
    """The second of two creations fails, and is told what is there."""
    put(table, item(a=1))
    with pytest.raises(ConditionFailedError) as failed:
        table.write(Put(item(a=2)))
    assert failed.value.item is not None
    assert failed.value.item["a"] == 1
    assert stored(table) == item(a=1)


def test_a_put_may_expect_a_version(table: Table) -> None:
    """Replacing a whole item is guarded too."""
    put(table, item(a=1))
    table.write(Put({**item(b=2), "version": 2}, Alive(frozenset({1}))))
    assert stored(table) == {**item(b=2), "version": 2}
    with pytest.raises(ConditionFailedError):
        table.write(Put(item(), Alive(frozenset({1}))))


def test_an_update_sets_removes_and_counts(table: Table) -> None:
    """It answers with the whole item as it is now."""
    put(table, item(a=1, b=2, c=3))
    answer = table.write(Update(ONE, {"a": {"x": [1]}, "d": "new"}, ["b", "missing"], Alive(frozenset({1, 5}))))
    expected = {**item(a={"x": [1]}, c=3, d="new"), "version": 2}
    assert stored(table) == expected
    assert {name: answer[name] for name in expected} == expected


@pytest.mark.parametrize(
    "expected", [Alive(frozenset({2})), Alive(frozenset()), Alive(equals={"a": 2}), Alive(equals={"gone": 1})]
)
def test_an_update_that_finds_something_else_changes_nothing(table: Table, expected: Alive) -> None:
    """Version and values are both conditions; the found item tells which failed."""
    put(table, item(a=1))
    with pytest.raises(ConditionFailedError) as failed:
        table.write(Update(ONE, {"a": 9}, expected=expected))
    assert failed.value.item is not None
    assert failed.value.item["a"] == 1
    assert stored(table) == item(a=1)


def test_an_update_of_nothing_makes_nothing(table: Table) -> None:
    """DynamoDB's UpdateItem would create the item; ours expects it."""
    with pytest.raises(ConditionFailedError) as failed:
        table.write(Update(ONE, {"a": 1}))
    assert failed.value.item is None
    assert table.get(ONE) is None


def tombstone(clock: Clock) -> Item:
    return item(deleted=True, ttl=int(clock.now) + 60)


def test_a_tombstone_is_not_there_but_in_the_way(table: Table, clock: Clock) -> None:
    """It can't be read, changed or checked, and nothing can be put over it."""
    put(table, tombstone(clock))
    assert table.get(ONE) is None
    writes: list[Put | Update] = [Put(item()), Update(ONE, {"a": 1}), Put(item(), Alive(frozenset({1})))]
    for write in writes:
        with pytest.raises(ConditionFailedError) as failed:
            table.write(write)
        assert failed.value.item is not None
        assert failed.value.item["deleted"] is True
    with pytest.raises(ConditionFailedError):
        table.transact([Put(item(TWO)), Check(ONE)])


def test_a_tombstone_past_its_time_counts_as_gone(table: Table, clock: Clock) -> None:
    """Whether or not DynamoDB has removed it yet."""
    put(table, tombstone(clock))
    clock.now += 61
    put(table, item(a=1))
    assert stored(table) == item(a=1)


def test_a_transaction_is_all_or_nothing(table: Table) -> None:
    """Each kind of write takes part; the failing one is named by its index."""
    put(table, item(ONE, a=1), item(TWO, a=2))
    third = Key("A#3", "X")
    writes: list[Put | Update | Delete | Check] = [
        Put(item(third)),
        Update(ONE, {"a": 9}, expected=Alive(frozenset({1}))),
        Delete(TWO, Alive(equals={"a": 7})),
    ]
    with pytest.raises(ConditionFailedError) as failed:
        table.transact(writes)
    assert failed.value.index == 2
    assert failed.value.item is not None
    assert failed.value.item["a"] == 2
    assert (stored(table, ONE), stored(table, third)) == (item(ONE, a=1), None)
    table.transact([*writes[:2], Delete(TWO, Alive(equals={"a": 2}))])
    assert (stored(table, ONE), stored(table, TWO)) == ({**item(ONE, a=9), "version": 2}, None)
    assert stored(table, third) == item(third)


def test_the_first_failing_write_is_the_one_that_is_named(table: Table) -> None:
    """Where several conditions fail, the lowest index counts."""
    put(table, item(ONE))
    with pytest.raises(ConditionFailedError) as failed:
        table.transact([Check(ONE), Check(TWO), Delete(Key("A#3", "X"))])
    assert (failed.value.index, failed.value.item) == (1, None)


def listed(key: Key, position: str, partition: str = "L") -> Item:
    return item(key, gsi1pk=partition, gsi1sk=position)


def test_a_list_is_in_order_and_goes_on_behind_a_position(table: Table) -> None:
    """The position is not part of what follows it; other partitions are other lists."""
    for number in (3, 1, 2):
        put(table, listed(Key(f"A#{number}", "X"), f"p{number}"))
    put(table, listed(Key("A#4", "X"), "p0", partition="M"), item(Key("A#5", "X")))

    def positions(after: str | None, limit: int) -> list[str]:
        return [found["gsi1sk"] for found in table.query("gsi1", "L", after=after, limit=limit)]

    assert positions(None, 10) == ["p1", "p2", "p3"]
    assert positions(None, 2) == ["p1", "p2"]
    assert positions("p1", 2) == ["p2", "p3"]
    assert positions("p3", 2) == []


def test_what_leaves_the_index_leaves_the_list(table: Table) -> None:
    """An index is sparse: an item without its attributes is not in it."""
    put(table, listed(ONE, "p1"))
    table.write(Update(ONE, {}, ["gsi1pk", "gsi1sk"]))
    assert table.query("gsi1", "L", after=None, limit=10) == []


def test_of_concurrent_writers_one_wins(table: Table) -> None:
    """Eight threads change one version: one succeeds, seven are told."""
    put(table, item(a=0))
    outcomes: list[bool] = []
    barrier = Barrier(8)

    def change(number: int) -> None:
        barrier.wait()
        try:
            table.write(Update(ONE, {"a": number}, expected=Alive(frozenset({1}))))
            outcomes.append(True)
        except ConditionFailedError:
            outcomes.append(False)

    threads = [Thread(target=change, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 7 + [True]


def test_an_item_of_more_than_400_kb_is_refused(table: Table) -> None:
    """DynamoDB quota "Item size"; memory has no such bound."""
    if isinstance(table, DynamoTable):
        with pytest.raises(TooLargeError):
            put(table, item(a="x" * 410_000))
    assert table.get(ONE) is None


def test_absent_is_what_a_put_expects_unless_told() -> None:
    """A write that forgets to say what it expects creates, and never overwrites."""
    assert Put(item()).expected == Absent()
