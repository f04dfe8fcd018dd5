"""`chalice local` serves what the sources say now, whenever they change."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.system.conftest import ROOT, Served, eventually, processes_of, serving

APP = """
import os
from pathlib import Path

from chalice import Chalice

if os.environ.get("AWS_CHALICE_CLI_MODE"):
    from grail.localcloud import attach

from answer import ANSWER

app = Chalice("plain")

@app.route("/health")
def health():
    return ANSWER
"""


@contextmanager
def serving_plainly(tmp_path: Path, app: str = APP) -> Iterator[tuple[Path, Served]]:
    """Serve an app with the one guarded line, which answers what `answer.py` says; yield that file."""
    folder = tmp_path / "plain"
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_text('{"version": "2.0", "app_name": "plain", "stages": {"dev": {}}}')
    (folder / "app.py").write_text(app)
    (folder / "answer.py").write_text("ANSWER = 'first'")
    (folder / "grail").symlink_to(ROOT / "grail")
    (folder / ".#app.py").symlink_to("me@here.1234:5")  # an Emacs lock: a link to nothing
    with serving(folder, tmp_path / "output") as served:
        yield folder / "answer.py", served


def test_what_vanishes_does_not_end_the_watch(tmp_path: Path) -> None:
    """Chalice's own watcher dies of the first file that it can't look at."""
    with serving_plainly(tmp_path) as (file, served):
        file.write_text("ANSWER = 'second'")
        eventually("the change is served", lambda: served.text("/health") == "second")


def test_a_mistake_is_served_as_soon_as_it_is_mended(tmp_path: Path) -> None:
    """Though the app could not be imported, and with a file there that can't be looked at."""
    with serving_plainly(tmp_path) as (file, served):
        file.write_text("this is no Python")
        eventually("the mistake is told", lambda: "SyntaxError" in served.printed())
        file.write_text("ANSWER = 'mended'")
        eventually("the mend is served", lambda: served.text("/health") == "mended")


def test_a_change_while_it_starts_is_served(tmp_path: Path) -> None:
    """One that is made after a file was read, and before the server is there."""
    change = 'if ANSWER == "first":\n    Path("answer.py").write_text("ANSWER = \'second\'")\n'
    with serving_plainly(tmp_path, APP.replace("app = Chalice", change + "app = Chalice")) as (_, served):
        eventually("the change is served", lambda: served.text("/health") == "second")


def test_a_change_before_it_watches_is_served(tmp_path: Path) -> None:
    """Wherever in `app.py` the line stands: what was changed since the process began counts."""
    guarded = APP[APP.index("if os.environ") : APP.index("from answer")]
    change = 'if ANSWER == "first":\n    Path("answer.py").write_text("ANSWER = \'second\'")\n'
    with serving_plainly(tmp_path, APP.replace(guarded, "") + change + guarded) as (_, served):
        eventually("the change is served", lambda: served.text("/health") == "second")


def test_the_worker_of_a_broken_app_ends_with_its_parent(tmp_path: Path) -> None:
    """However that ended: it would keep looking for a mend for ever."""
    with serving_plainly(tmp_path) as (file, served):
        file.write_text("this is no Python")
        eventually("the mistake is told", lambda: "SyntaxError" in served.printed())
        os.kill(served.process.pid, signal.SIGKILL)
        served.process.wait()
        eventually("no process is left", lambda: not processes_of(file.parent))
