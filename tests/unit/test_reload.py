"""What makes `chalice local` reload."""

from pathlib import Path

from grail.localcloud.reload import sources
from grail.migrate.folder import FOLDER


def test_only_the_apps_own_source_counts(tmp_path: Path) -> None:
    """Not what is beside it: a migration that is written, a test, an environment, what a tool keeps for itself."""
    own = {"app.py", "pyproject.toml", ".chalice/config.json", "chalicelib/models/people.py"}
    others = {f"{FOLDER}/0001_x.py", "tests/test_x.py", "env/pyvenv.cfg", "env/lib/x.py", ".git/x.py", "README.md"}
    for name in own | others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {str(file.relative_to(tmp_path)) for file in sources(tmp_path)} == own
