"""Migrations' files: what one declares, and what makes a sequence of them."""

import re
from pathlib import Path

import pytest

from grail.errors import GrailError
from grail.migrate import folder, sequence
from grail.migrate.migration import Entry, Migration, Selection, checksum_of, read, template
from tests.migrations import CENTS, NICK

A, B, C = (Entry(f"{number:04}_{name}", checksum_of(name.encode())) for number, name in enumerate("abc", start=1))
ITEM = {"id": "user-1", "part": "main"}


def test_a_file_says_what_it_is() -> None:
    """Its number is in its name, its description in its docstring."""
    nick = read("0012_nick", NICK)
    assert (nick.number, nick.description, nick.selection, nick.schema_version) == (
        12, "Users get a nickname.", Selection(type="user"), 2,
    )  # fmt: skip
    assert nick.checksum == checksum_of(NICK)
    assert nick.up is None
    cents = read("0001_cents", CENTS)
    assert cents.up is not None
    assert cents.up({"price": 2}) == {"price": 200}


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("x =", "SyntaxError"),
        ("import sys\nsys.exit()", "SystemExit"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ('"""D."""\ndef up(item): return item', "says neither TYPE nor PREFIX, or both"),
        ('"""D."""\nTYPE = "a"\nPREFIX = "b"\ndef up(item): return item', "says neither TYPE nor PREFIX, or both"),
        ('"""D."""\nTYPE = "a"', "has neither SCHEMA_VERSION nor up(item), or both"),
        ('"""D."""\nTYPE = "a"\nSCHEMA_VERSION = 2\ndef up(item): return item', "has neither SCHEMA_VERSION nor up"),
        ('"""D."""\nPREFIX = "a"\nSCHEMA_VERSION = 2', "SCHEMA_VERSION needs a TYPE"),
        ('"""D."""\nTYPE = "a"\nSCHEMA_VERSION = 1', "SCHEMA_VERSION must be a number, 2 or more"),
        ('"""D."""\nTYPE = "a"\nSCHEMA_VERSION = "2"', "SCHEMA_VERSION must be a number, 2 or more"),
        ('TYPE = "a"\nSCHEMA_VERSION = 2', "has no docstring"),
    ],
)
def test_a_file_that_says_too_little_or_too_much_is_refused(source: str, fault: str) -> None:
    """By name."""
    with pytest.raises(GrailError, match=rf"^0001_x\.py.*{re.escape(fault)}"):
        read("0001_x", source.encode())


@pytest.mark.parametrize("name", ["nick", "1_nick", "0000_nick", "0001-nick", "0001_Nick", "00001_nick", "0001_"])
def test_a_name_has_a_number_and_words(name: str) -> None:
    """Four digits from 0001."""
    with pytest.raises(GrailError, match=f"^{name}.py is no migration's name"):
        read(name, NICK)


@pytest.mark.parametrize(
    ("selection", "schema_version"),
    [(Selection(type="user"), None), (Selection(type="user"), 2), (Selection(prefix="user-"), None)],
)
def test_what_new_writes_can_be_pushed_as_it_is(selection: Selection, schema_version: int | None) -> None:
    """And then changes nothing, or only the schema version."""
    made = read("0001_new", template("New", selection=selection, schema_version=schema_version).encode())
    assert (made.description, made.selection, made.schema_version) == ("New.", selection, schema_version)
    assert made.up is None or made.up(ITEM) == ITEM


def test_what_goes_with_what_was_applied_is_taken() -> None:
    """And whatever comes after it."""
    sequence.check([], applied={})
    sequence.check([C, A, B], applied={1: A, 2: B})


@pytest.mark.parametrize(
    ("entries", "applied", "fault"),
    [
        ([A, B, Entry("0002_c", "x")], {}, "version 0002 is there twice: 0002_b.py and 0002_c.py"),
        ([A, C], {}, "version 0002 is missing"),
        ([B], {}, "version 0001 is missing"),
        ([A], {1: A, 2: B}, f"0002_b.py was applied (checksum {B.checksum}) and is missing"),
        ([], {1: A}, f"0001_a.py was applied (checksum {A.checksum}) and is missing"),
        (
            [A._replace(checksum="new"), B],
            {1: A},
            f"0001_a.py was edited after it was applied: its checksum was {A.checksum} and is new",
        ),
        ([A._replace(checksum=B.checksum), Entry("0002_b", A.checksum)], {1: A, 2: B}, "was applied as 0001_a"),
        ([Entry("0001_b", B.checksum), Entry("0002_a", A.checksum)], {1: A}, "0002_a.py was applied as 0001_a"),
        ([Entry("0001_z", A.checksum)], {1: A}, "0001_z.py was applied as 0001_a.py: give it that name again"),
        ([Entry("0001_z", "new")], {1: A}, "0001_a.py was applied as version 0001, where 0001_z.py is now"),
    ],
)
def test_edited_missing_moved_and_doubled_files_are_refused(
    entries: list[Entry], applied: dict[int, Entry], fault: str
) -> None:
    """By name, in one line; an edit with both checksums."""
    with pytest.raises(GrailError, match=re.escape(fault)) as refused:
        sequence.check(entries, applied=applied)
    assert "\n" not in str(refused.value)


def at(name: str, version: int, kind: str = "user") -> Migration:
    """Return a migration to a schema version."""
    return read(name, f'"""D."""\nTYPE = "{kind}"\nSCHEMA_VERSION = {version}\n'.encode())


def test_schema_versions_of_a_type_rise() -> None:
    """One may be left out; another type has its own; a change of data has none."""
    sequence.check_schemas([at("0003_c", 4), at("0001_a", 2), at("0002_b", 2, "robot"), read("0004_cents", CENTS)])


@pytest.mark.parametrize("version", [3, 2])
def test_a_schema_version_that_an_earlier_one_brings_to_already_is_refused(version: int) -> None:
    """By name, both of them: rolled back, it would undo what the earlier one did."""
    with pytest.raises(GrailError) as refused:
        sequence.check_schemas([at("0003_c", version), at("0001_a", 3), at("0002_b", 4, "robot")])
    assert str(refused.value) == (
        f"0003_c.py brings user to schema version {version}, and 0001_a.py before it to 3 already"
    )


def test_a_local_file_takes_the_place_of_its_namesake() -> None:
    """The rest stays; order is by version."""
    changed = A._replace(checksum="new")
    assert sequence.merged([A, B], [C, changed]) == [changed, B, C]


def test_the_folder_keeps_what_is_yours(tmp_path: Path) -> None:
    """A file is made once; of the store's, only those that are not there are written, or none at all."""
    assert folder.files(tmp_path) == []
    folder.add(tmp_path, "0002_nick", NICK.decode())
    with pytest.raises(GrailError, match=r"^migrations/0002_nick\.py is there already$"):
        folder.add(tmp_path, "0002_nick", "")
    cents, other = read("0001_cents", CENTS), read("0002_nick", CENTS)
    with pytest.raises(GrailError, match=r"^migrations/0002_nick\.py differs"):
        folder.bring(tmp_path, [cents, other])
    assert [file.name for file in folder.files(tmp_path)] == ["0002_nick"]
    assert [file.name for file in folder.bring(tmp_path, [cents, read("0002_nick", NICK)])] == ["0001_cents.py"]
    assert [file.name for file in folder.files(tmp_path)] == ["0001_cents", "0002_nick"]
