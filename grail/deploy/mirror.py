"""A folder for the Chalice CLI that has all of a project, with what only AWS could tell written into its settings.

The CLI is the real one, unmodified: what it is told differs from what stands in the project by the users that the data
stack made, and by the record of what is deployed.
"""

import json
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalice.config import Config

from grail.errors import GrailError
from grail.project import Project

_BIN = Path(sys.executable).parent
_OWN = {"config.json", "deployed", "deployments"}


class Mirror:
    """Such a folder, for a stage."""

    def __init__(self, folder: Path, stage: str) -> None:
        self.folder = folder
        self._stage = stage

    @property
    def state(self) -> Path:
        """The file with Chalice's record of what is deployed."""
        return self.folder / ".chalice" / "deployed" / f"{self._stage}.json"

    def chalice(self, verb: str) -> None:
        """Run a verb of the CLI on the stage, whose words go to stderr. Raises GrailError with its last ones."""
        command = [str(_BIN / "chalice"), verb, "--stage", self._stage]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        last: deque[str] = deque(maxlen=1)
        with subprocess.Popen(
            command, cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            for line in process.stdout or ():
                print(f"  {line.rstrip()}", file=sys.stderr)
                last.extend([line.strip()] if line.strip() else [])
        if process.returncode != 0:
            message = f"chalice {verb}: {last[0] if last else 'it failed, and does not say why'}"
            raise GrailError(message)


@contextmanager
def mirrored(
    project: Project, stage: str, *, variables: Mapping[str, str], functions: Iterable[str]
) -> Iterator[Mirror]:
    """Yield a mirror whose functions get some environment variables, unless they have one of these of their own."""
    with TemporaryDirectory(prefix="grail-deploy-") as scratch:
        folder = Path(scratch)
        for entry in project.folder.iterdir():
            if entry.name != ".chalice":
                (folder / entry.name).symlink_to(entry.resolve())
        source, target = project.folder / ".chalice", folder / ".chalice"
        (source / "deployments").mkdir(exist_ok=True)
        (target / "deployed").mkdir(parents=True)
        (target / "deployments").symlink_to((source / "deployments").resolve())
        for entry in source.iterdir():
            if entry.name not in _OWN:
                (target / entry.name).symlink_to(entry.resolve())
        config = _told(project.config, stage, variables=variables, functions=functions)
        (target / "config.json").write_text(json.dumps(config), encoding="utf-8")
        yield Mirror(folder, stage)


def _told(
    config: Mapping[str, Any], stage: str, *, variables: Mapping[str, str], functions: Iterable[str]
) -> dict[str, Any]:
    """Return the settings with the variables in them."""
    told: dict[str, Any] = json.loads(json.dumps(config))
    of_functions = told["stages"][stage].setdefault("lambda_functions", {})
    read = Config(chalice_stage=stage, config_from_disk=dict(config))
    for function in functions:
        own = read.scope(stage, function).environment_variables
        if not variables.keys() & own.keys():
            of_function = of_functions.setdefault(function, {})
            of_function["environment_variables"] = of_function.get("environment_variables", {}) | dict(variables)
    return told
