"""Packages built by Chalice's own packager, rewritten, and put where both `chalice package` and `deploy` look for them.

Chalice names a package after a hash of what goes into it, and takes what it finds under that name as it is.
"""

import compileall
import hashlib
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from chalice.config import Config
from chalice.deploy.packager import (
    AppOnlyDeploymentPackager,
    BaseLambdaDeploymentPackager,
    EmptyPackageError,
    LambdaDeploymentPackager,
    LayerDeploymentPackager,
)
from chalice.utils import UI, OSUtils

from grail.pack import archive
from grail.pack.bytecode import compile_zip
from grail.pack.dependencies import Dependencies
from grail.progress import Progress
from grail.project import Project

_FUNCTION = "/var/task"
_LAYER = "/opt"


def build(project: Project, stage: str, *, again: bool = True) -> Iterator[Path]:
    """Build a stage's packages; yield each: one, or with `automatic_layer` the app's and the layer's.

    Unless `again`, one that was built of the same is taken as it is: pinned requirements are the same wheels.
    Raises GrailError. Cut short, it leaves nothing that Chalice would take for a package.
    """
    project.check_stage(stage)
    config = Config(chalice_stage=stage, config_from_disk=dict(project.config))
    kinds: dict[type[BaseLambdaDeploymentPackager], str] = {LambdaDeploymentPackager: _FUNCTION}
    if config.automatic_layer:
        kinds = {AppOnlyDeploymentPackager: _FUNCTION, LayerDeploymentPackager: _LAYER}
    _settle(project.folder)
    mark = _mark(project.folder)
    for kind, root in kinds.items():
        architecture = config.lambda_architecture
        dependencies = Dependencies(project.folder / "vendor", architecture=architecture)
        packager = kind(OSUtils(), dependencies, UI(out=sys.stderr), architecture=architecture)
        target = Path(packager.deployment_package_filename(str(project.folder), config.lambda_python_version))
        if not again and archive.has_mark(target, mark):
            yield target
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside the target: a rename within a file system is all or nothing.
        with tempfile.TemporaryDirectory(prefix=".pack-", dir=target.parent) as scratch:
            mirror, compiled, rewritten = (Path(scratch, name) for name in ("project", "compiled", "rewritten"))
            _mirror(project.folder, mirror)
            try:
                package = Path(packager.create_deployment_package(str(mirror), config.lambda_python_version))
            except EmptyPackageError:  # Lambda takes no empty layer; Chalice leaves it out
                continue
            _follow("compiled", compile_zip(package, compiled, root=root))
            _follow("zipped", archive.rewrite(package, compiled, rewritten, mark=mark))
            rewritten.replace(target)
        yield target


def _mark(folder: Path) -> bytes:
    """Return what a package follows from beside what Chalice hashes: which files may run, and how packages are made."""
    shipped = (file for name in ("chalicelib", "vendor") for file in (folder / name).rglob("*"))
    programs = sorted(str(file.relative_to(folder)) for file in shipped if file.is_file() and os.access(file, os.X_OK))
    sources = [file.read_bytes() for file in sorted(Path(__file__).parent.glob("*.py"))]
    return hashlib.sha256(b"".join([*sources, "\n".join(programs).encode()])).hexdigest().encode()


def _settle(folder: Path) -> None:
    """Compile what ships, where it stands.

    Chalice hashes `__pycache__` too, after it imported the app: whatever that import would add must be there before.
    """
    for name in ("chalicelib", "vendor"):
        if (folder / name).is_dir():
            compileall.compile_dir(folder / name, quiet=2)


def _mirror(folder: Path, mirror: Path) -> None:
    """Make a folder that has all that a project has, but its packages."""
    mirror.mkdir()
    for entry in folder.iterdir():
        if entry.name != ".chalice":
            (mirror / entry.name).symlink_to(entry.resolve())


def _follow(what: str, steps: Iterable[tuple[int, int]]) -> None:
    """Take the steps, and show how far they are."""
    with ExitStack() as shown:
        progress: Progress | None = None
        for done, total in steps:
            progress = progress or shown.enter_context(Progress(what, total))
            progress.tell(done)
