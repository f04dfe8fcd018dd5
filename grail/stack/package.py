"""A stage's whole template and its code, by the real `chalice package`, and what SAM and cfn-lint say of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from grail.errors import GrailError
from grail.stack import http_api

REGION = "us-east-1"
"""Where the environment names none; the template is the same in any."""

_HERE = Path(__file__).parent
_BIN = Path(sys.executable).parent
_TRANSLATOR = Path(sys.prefix) / "stack" / "bin" / "python"


def package(project: Path, stage: str, *, overlay: Path, out: Path) -> None:
    """Package a stage of a project into a folder. Raises GrailError."""
    out.mkdir(parents=True, exist_ok=True)
    _run("chalice package", [_BIN / "chalice", "package", "--stage", stage, "--merge-template", overlay, out], project)
    http_api.replace_rest(out / "sam.json")


def lint(template: Path) -> None:
    """Raise GrailError for what cfn-lint finds in a template."""
    flags: list[str | Path] = ["--format", "parseable", "--regions", REGION, "--template"]
    _run("cfn-lint", [_BIN / "cfn-lint", *flags, template], template.parent)


def check(out: Path) -> Path:
    """Return the file with what CloudFormation makes of a package. Raises GrailError for what it would refuse."""
    if not _TRANSLATOR.exists():
        message = f"{_TRANSLATOR} is missing; `make package` makes it (requirements-stack.txt)"
        raise GrailError(message)
    file = out / "cloudformation.json"
    _run("SAM", [_TRANSLATOR, _HERE / "translate.py", out / "sam.json", file], out)
    lint(file)
    return file


def read(file: Path) -> dict[str, Any]:
    """Return a template."""
    template: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return template


def _run(name: str, command: list[str | Path], folder: Path) -> None:
    """Run a command. Raises GrailError with the last thing that it said, which is where such tools say why."""
    environment = {"AWS_DEFAULT_REGION": REGION, **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        message = f"{name}: {said[-1] if said else 'it failed, and does not say why'}"
        raise GrailError(message)
