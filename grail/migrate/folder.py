"""The local folder `migrations/`: a place to write and read files, which git ignores; the store has them."""

from collections.abc import Sequence
from pathlib import Path

from grail.errors import GrailError
from grail.migrate.migration import Migration, read

FOLDER = "migrations"


def files(project: Path) -> list[Migration]:
    """Return the migrations in a project's folder, by name. Raises GrailError for a file that is none."""
    return [read(file.stem, file.read_bytes()) for file in sorted((project / FOLDER).glob("*.py"))]


def add(project: Path, name: str, text: str) -> Path:
    """Write a new file. Raises GrailError where there is one."""
    file = project / FOLDER / f"{name}.py"
    if file.exists():
        message = f"{FOLDER}/{file.name} is there already"
        raise GrailError(message)
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def bring(project: Path, migrations: Sequence[Migration]) -> list[Path]:
    """Write the store's files that are not here; return them. Raises GrailError where one is here and differs."""
    missing = []
    for migration in migrations:
        file = project / FOLDER / f"{migration.name}.py"
        if not file.exists():
            missing.append((file, migration.source))
        elif file.read_bytes() != migration.source:
            message = f"{FOLDER}/{file.name} differs from the store's: push yours, or move it away and pull again"
            raise GrailError(message)
    for file, source in missing:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(source)
    return [file for file, _ in missing]
