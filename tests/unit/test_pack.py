"""What a package is made of, and that nothing of its builder stays in it."""

import marshal
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from types import CodeType

from grail.pack import archive
from grail.pack.bytecode import bytecode, place

SOURCE = b"def name():\n    return 'before'\n"


def zipped(file: Path, *entries: tuple[str, bytes, int]) -> Path:
    """Write a zip of entries: name, contents, mode."""
    with zipfile.ZipFile(file, "w") as new:
        for name, contents, mode in entries:
            entry = zipfile.ZipInfo(name, (2026, 11, 21, 9, 30, 0))
            entry.external_attr = mode << 16
            new.writestr(entry, contents)
    return file


def rewritten(folder: Path, *entries: tuple[str, bytes, int], codes: dict[str, bytes] | None = None) -> Path:
    """Return a package of these entries, rewritten."""
    package = zipped(folder / "package", *entries)
    compiled = zipped(folder / "compiled", *((name, code, 0) for name, code in (codes or {}).items()))
    for _ in archive.rewrite(package, compiled, folder / "rewritten"):
        pass
    return folder / "rewritten"


def test_order_time_and_umask_leave_no_trace(tmp_path: Path) -> None:
    """The same files in another order, with other modes, are the same zip."""
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = rewritten(tmp_path / "one", ("b.py", b"b", 0o100644), ("a", b"a", 0o100600))
    other = rewritten(tmp_path / "other", ("a", b"a", 0o100664), ("b.py", b"b", 0o100440))
    assert one.read_bytes() == other.read_bytes()
    entries = zipfile.ZipFile(one).infolist()
    assert [entry.filename for entry in entries] == ["a", "b.py"]
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_everybody_may_read_and_programs_may_run(tmp_path: Path) -> None:
    """Lambda's user owns no file: whatever the builder's umask, it may read all; run only what its owner could."""
    package = rewritten(tmp_path, ("text", b"", 0o100600), ("program", b"", 0o100700))
    modes = {entry.filename: entry.external_attr >> 16 for entry in zipfile.ZipFile(package).infolist()}
    assert modes == {"text": 0o100644, "program": 0o100755}


def test_only_our_own_bytecode_is_in_it(tmp_path: Path) -> None:
    """A `__pycache__` of the builder goes; bytecode that stands for a source is not ours to drop."""
    package = rewritten(
        tmp_path,
        ("a.py", b"", 0o100644),
        ("__pycache__/a.cpython-39.pyc", b"theirs", 0o100644),
        ("lib/__pycache__/b.pyc", b"theirs", 0o100644),
        ("sourceless.pyc", b"shipped", 0o100644),
        codes={"__pycache__/a.cpython-311.pyc": b"ours"},
    )
    opened = zipfile.ZipFile(package)
    assert opened.namelist() == ["__pycache__/a.cpython-311.pyc", "a.py", "sourceless.pyc"]
    assert opened.read("__pycache__/a.cpython-311.pyc") == b"ours"


def test_of_a_file_that_is_there_twice_the_last_counts(tmp_path: Path) -> None:
    """As when it is unpacked: what is vendored goes before what was downloaded."""
    with zipfile.ZipFile(tmp_path / "twice", "w") as package:
        package.writestr("a.py", b"downloaded")
        with warnings.catch_warnings(action="ignore"):
            package.writestr("a.py", b"vendored")
    zipped(tmp_path / "compiled")
    assert list(archive.rewrite(tmp_path / "twice", tmp_path / "compiled", tmp_path / "new")) == [(1, 1)]
    assert zipfile.ZipFile(tmp_path / "new").read("a.py") == b"vendored"


def test_bytecode_says_where_it_runs() -> None:
    """The path in a traceback is Lambda's, not the builder's, in inner functions too."""
    found = bytecode(SOURCE, "/var/task/lib/a.py")
    assert found is not None
    code = marshal.loads(found[16:])
    [inner] = [const for const in code.co_consts if isinstance(const, CodeType)]
    assert code.co_filename == inner.co_filename == "/var/task/lib/a.py"


def test_python_takes_it_without_a_look_at_the_source(tmp_path: Path) -> None:
    """From a folder that can't be written to, whatever the source's time: a source changed since is not noticed."""
    found = bytecode(SOURCE, "/var/task/a.py")
    assert found is not None
    (tmp_path / place("a.py")).parent.mkdir()
    (tmp_path / place("a.py")).write_bytes(found)
    (tmp_path / "a.py").write_bytes(SOURCE.replace(b"before", b"afterwards"))
    command = [sys.executable, "-c", "import a; print(a.name())"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "before\n"


def test_what_is_no_python_has_no_bytecode() -> None:
    """A template of a generator, a file of Python 2: shipped as they are."""
    assert bytecode(b"print 'two'", "/var/task/a.py") is None
    assert bytecode(b"\x00", "/var/task/a.py") is None
    assert bytecode(b"# -*- coding: nonsense -*-\n", "/var/task/a.py") is None


def test_bytecode_lies_where_python_looks() -> None:
    """Beside its source, under this interpreter's name."""
    tag = sys.implementation.cache_tag
    assert place("lib/a.py") == f"lib/__pycache__/a.{tag}.pyc"
    assert place("a.py") == f"__pycache__/a.{tag}.pyc"
