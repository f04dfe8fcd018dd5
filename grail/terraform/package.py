"""A stage's folder for Terraform, of its packaged template, and Terraform's own verdict on it."""

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grail.errors import GrailError
from grail.terraform import document, edge_stack

_CODE = "deployment.zip"
_HERE = Path(__file__).parent
_PYTHON = Path(sys.prefix) / "terraform" / "bin" / "python"


def write(package: Path, *, edge: Path | None, app: str, stage: str, region: str) -> Path:
    """Write the folder beside a package's template, and return its document. Raises GrailError.

    `edge` is the template of the stage's edge, which the same document has.
    """
    template = _read(package / "cloudformation.json")
    if edge is not None:
        template = edge_stack.joined(template, _read(edge))
    made = document.of(template, app=app, stage=stage)
    folder = package / "terraform"
    folder.mkdir(exist_ok=True)
    file = folder / "main.tf.json"
    _write(file, made.document)
    _write(_variables(file, stage), {"region": region, "package": _CODE, **made.variables})
    shutil.copy(package / _CODE, folder)
    return file


def check(file: Path, stage: str) -> dict[str, Any]:
    """Return what Terraform would make of a document: values by address. Raises GrailError for what it would refuse."""
    if not _PYTHON.exists():
        message = f"{_PYTHON} is missing; `make package FORMAT=terraform` makes it (requirements-terraform.txt)"
        raise GrailError(message)
    command = [_PYTHON, _HERE / "judge.py", _HERE / "schema.json", file, _variables(file, stage)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it failed, and does not say why"]
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        message = f"terraform: {textwrap.shorten(said[0], 400)}{more}"  # it quotes whole documents
        raise GrailError(message)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _variables(file: Path, stage: str) -> Path:
    """Return the file that Terraform reads the stage's values from by itself."""
    return file.with_name(f"{stage}.auto.tfvars.json")


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _write(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
