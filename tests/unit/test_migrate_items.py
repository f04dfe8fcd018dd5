"""What becomes of one item, and what it will cost."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grail.errors import GrailError
from grail.migrate import change, values
from grail.migrate.change import DOWN, UP, Change, ItemError
from grail.migrate.layout import Layout
from grail.migrate.migration import read
from grail.migrate.segment import aside_key, key_aside
from tests.migrations import NICK, TABLE, UPGRADES, cents, nick, user

LAYOUT = Layout.read(TABLE, table="t")

_MOST = 10**37
_NUMBERS = st.integers(-_MOST, _MOST) | st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9
)
_RAW: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.builds(lambda text: {"S": text}, st.text())
    | st.builds(lambda number: {"N": str(number)}, _NUMBERS)
    | st.builds(lambda content: {"B": content}, st.binary())
    | st.builds(lambda value: {"BOOL": value}, st.booleans())
    | st.just({"NULL": True})
    | st.builds(lambda found: {"SS": sorted(found)}, st.sets(st.text(min_size=1), min_size=1))
    | st.builds(lambda found: {"NS": sorted(map(str, found))}, st.sets(st.integers(-_MOST, _MOST), min_size=1)),
    lambda inner: (
        st.builds(lambda found: {"L": found}, st.lists(inner, max_size=3))
        | st.builds(lambda found: {"M": found}, st.dictionaries(st.text(), inner, max_size=3))
    ),
    max_leaves=8,
)


def of(source: bytes, direction: str = UP) -> Change:
    """Return what a migration does."""
    return change.of(read("0001_x", source), direction, layout=LAYOUT, upgrades=UPGRADES)


def own(body: str) -> Change:
    """Return what a migration with its own `up` does to users."""
    return of(f'"""D."""\nTYPE = "user"\ndef up(item):\n    {body}'.encode())


@given(st.dictionaries(st.text(min_size=1, max_size=3), _RAW, max_size=5))
def test_what_is_left_alone_stays_as_it_was_stored(item: dict[str, Any]) -> None:
    """To the digit, whatever it is; sets are the same whatever their order."""
    assert values.plain(values.stored(values.plain(item), before=item)) == values.plain(item)
    kept = values.stored(values.plain(item), before=item)
    assert {name: value for name, value in kept.items() if "SS" not in str(value) and "NS" not in str(value)} == {
        name: value for name, value in item.items() if "SS" not in str(value) and "NS" not in str(value)
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-10000000000000000000000000000000000000", -(10**37)),
        ("0.1", 0.1),
        ("1E+2", 100.0),
        ("0.12345678901234567890123456789", Decimal("0.12345678901234567890123456789")),
    ],
)
def test_a_number_is_what_it_says(text: str, value: object) -> None:
    """An integer is an int; another is a float, but where that would lose digits."""
    found = values.plain({"n": {"N": text}})["n"]
    assert (found, type(found)) == (value, type(value))
    assert values.stored({"n": found}, before={"n": {"N": text}}) == {"n": {"N": text}}


def test_an_item_is_raised_by_one_version() -> None:
    """So that a writer who read it before fails its own condition."""
    after = change.of(nick(), UP, layout=LAYOUT, upgrades=UPGRADES).of(values.stored(user(3)))
    assert after is not None
    assert values.plain(after) == user(3, nick="user 3", shape=2, rev=2)


def test_an_up_can_not_set_the_version() -> None:
    """It counts writes, and this is one."""
    after = own('return {**item, "rev": 77, "x": 1}').of(values.stored(user(3)))
    assert after is not None
    assert after["rev"] == {"N": "2"}
    assert own('return {**item, "rev": 77}').of(values.stored(user(3))) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('return {**item, "id": "other"}', "it would change the item's key"),
        ('item.pop("part"); return item', "it would change the item's key"),
        ('return {**item, "x": float("nan")}', "TypeError: Infinity and NaN not supported"),
        ('return {**item, "x": object()}', "TypeError: Unsupported type"),
        ("return None", "AttributeError: 'NoneType' object has no attribute 'items'"),
        ('raise ValueError("x" * 1000)', "ValueError: xxx"),
    ],
)
def test_what_can_not_be_stored_is_an_items_failure(body: str, reason: str) -> None:
    """With a reason of one line that is not too long."""
    with pytest.raises(ItemError, match=f"^{re.escape(reason)}") as failed:
        own(body).of(values.stored(user(1)))
    assert len(str(failed.value)) <= 300


def test_an_item_is_taken_through_all_versions() -> None:
    """From whichever it has; one that never said so is of the first."""
    steps = [lambda item, name=name: {**item, name: 1} for name in ("one", "two", "three")]
    third = NICK.replace(b"= 2", b"= 3")
    wanted = change.of(read("0001_x", third), UP, layout=LAYOUT, upgrades={"user": steps})
    first = {name: value for name, value in user(1).items() if name != "shape"}
    for item, made in ((user(1), {"one", "two"}), (user(1, shape=2), {"two"}), (first, {"one", "two"})):
        after = wanted.of(values.stored(item))
        assert after is not None
        assert set(after) - set(item) - {"shape"} == made
        assert after["shape"] == {"N": "3"}


def test_what_is_newer_than_a_rollback_knows_is_an_items_failure() -> None:
    """It can't be taken down by this `down`."""
    wanted = of(NICK, DOWN)
    assert wanted.means(values.stored(user(1, shape=3)))
    with pytest.raises(ItemError, match="it is at schema version 3, newer than this migration's 2"):
        wanted.of(values.stored(user(1, shape=3)))


def test_what_can_not_be_done_is_refused_before_anything_is() -> None:
    """A rollback without `down`; a schema version that the models don't have; an attribute that nobody named."""
    with pytest.raises(GrailError, match=r"^0001_x has no down\(item\).*point-in-time recovery"):
        of(NICK.partition(b"def down")[0], DOWN)
    with pytest.raises(GrailError, match="wants schema version 9 of user, and this checkout's models know 2"):
        of(NICK.replace(b"= 2", b"= 9"))
    bare = Layout.read({"key": ("id",), "version": "rev"}, table="t")
    for migration, name in ((nick(), "type"), (cents(), "type")):
        with pytest.raises(GrailError, match=f"goes by `{name}`, and the app's `table` names no such attribute"):
            change.of(migration, UP, layout=bare, upgrades=UPGRADES)


def test_an_app_must_name_its_version() -> None:
    """And a table."""
    for declared, fault in ((None, "the app has no table"), ({"key": ("id",)}, "names no `version`")):
        with pytest.raises(GrailError, match=fault):
            Layout.read(declared, table="t")


@pytest.mark.parametrize("key", [{"id": {"S": 'a"é\n'}}, {"id": {"N": "7"}, "part": {"B": b"\x00\xff"}}])
def test_a_key_that_was_set_aside_can_be_read_and_used(key: dict[str, Any]) -> None:
    """As text, of whatever type it is."""
    assert key_aside(aside_key(key)) == key
