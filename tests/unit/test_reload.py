"""When a worker of `chalice local` is restarted; tests/system/test_reload.py has a real one."""

import os
import threading
from pathlib import Path

import pytest
from chalice.cli.filewatch.stat import StatFileWatcher

from grail.localcloud import reload
from grail.localcloud.reload import sources
from grail.migrate.folder import FOLDER

LONG = 120


@pytest.fixture
def restarted(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Return what is set in the place of a restart."""
    found = threading.Event()
    monkeypatch.setattr(StatFileWatcher, "_single_pass_poll", StatFileWatcher._single_pass_poll)  # to be put back
    monkeypatch.setattr(reload, "_POLL_SECONDS", 0)
    monkeypatch.setattr(reload, "_restart", found.set)
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a source that is older than this process."""
    file = tmp_path / "app.py"
    file.touch()
    os.utime(file, (1, 1))
    return file


def test_a_change_restarts_unless_it_is_held(source: Path, restarted: threading.Event) -> None:
    """Then as soon as it is not any more: what a worker begins once comes to its end."""
    with reload.HOLD:
        reload.watch(source.parent)
        os.utime(source, (2, 2))
        assert not restarted.wait(0.2)  # it is never, however long one waits
    assert restarted.wait(LONG)


def test_what_changed_since_the_process_began_was_perhaps_read_before(source: Path, restarted: threading.Event) -> None:
    """So it counts, though it does not change any more."""
    source.touch()
    reload.watch(source.parent)
    assert restarted.wait(LONG)


def test_a_time_to_come_is_no_change(source: Path, restarted: threading.Event) -> None:
    """A file from a machine whose clock is ahead would restart for ever."""
    os.utime(source, (2**32, 2**32))
    reload.watch(source.parent)
    assert not restarted.wait(0.2)  # it is never, however long one waits
    source.unlink()
    assert restarted.wait(LONG)


def test_only_the_apps_own_source_counts(tmp_path: Path) -> None:
    """Not what is beside it: a migration that is written, a test, an environment, what a tool keeps for itself."""
    own = {"app.py", "pyproject.toml", ".chalice/config.json", "chalicelib/models/people.py"}
    others = {f"{FOLDER}/0001_x.py", "tests/test_x.py", "env/pyvenv.cfg", "env/lib/x.py", ".git/x.py", "README.md"}
    for name in own | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {str(file.relative_to(tmp_path)) for file in sources(tmp_path)} == own
