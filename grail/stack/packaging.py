"""A stage's package: its committed templates (infra/), what Chalice makes of them, and its code.

Each is made anew, checked, and said in a line.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from grail.errors import GrailError
from grail.pack.build import build
from grail.project import Project
from grail.stack import edge, given_up, overlay, package

FOLDER = Path("infra")
OUT = Path("build")


class Package(NamedTuple):
    """A stage's package: the folder with its template and code, and the file of its edge's template, if it has one."""

    folder: Path
    edge: Path | None


def make(project: Project, stage: str) -> Package:
    """Package a stage, and say what came out. Raises GrailError."""
    write(project, stage)
    list(build(project, stage, again=False))  # Chalice takes it from where this puts it
    out = project.folder / OUT / stage
    package.package(project.folder, stage, overlay=FOLDER / f"{stage}.json", out=out)
    given_up.check(package.read(out / "sam.json"), overlay.functions_of(project, stage), app=project.name, stage=stage)
    file = package.check(out)
    megabytes = (out / "deployment.zip").stat().st_size / 1_000_000
    print(f"{OUT}/{stage}/sam.json: the template, with infra/{stage}.json in it")
    print(f"{OUT}/{stage}/deployment.zip: the code, {megabytes:.1f} MB")
    print(f"{OUT}/{stage}/cloudformation.json: what CloudFormation makes of it, {_count(file)} resources")
    made = find(project, stage)
    if made.edge is not None:
        package.lint(made.edge)
        print(f"{FOLDER}/{made.edge.name}: CloudFront before it, {_count(made.edge)} resources")
    return made


def find(project: Project, stage: str) -> Package:
    """Return the package that was made of a stage. Raises GrailError where none was."""
    folder, at_edge = project.folder / OUT / stage, project.folder / FOLDER / _edge_file(stage)
    if not (folder / "cloudformation.json").exists():
        message = f"there is no package in {OUT}/{stage}; `make package STAGE={stage}` makes it"
        raise GrailError(message)
    return Package(folder, at_edge if at_edge.exists() else None)


def write(project: Project, stage: str) -> None:
    """Write what is merged into Chalice's template of a stage, and its edge's template. Raises GrailError."""
    project.enter(stage)
    made, at_edge = overlay.template(project, stage), edge.of_stage(project, stage)
    _write_file(project, f"{stage}.json", made)
    if at_edge is not None:
        _write_file(project, _edge_file(stage), at_edge)
    elif (stale := project.folder / FOLDER / _edge_file(stage)).exists():
        stale.unlink()
        print(f"{FOLDER}/{_edge_file(stage)} is gone: the stage has no edge", file=sys.stderr)


def _edge_file(stage: str) -> str:
    return f"{stage}-edge.json"


def _write_file(project: Project, name: str, template: Mapping[str, Any]) -> None:
    """Write a template, sorted: the same template is the same file."""
    text = json.dumps(template, indent=2, sort_keys=True) + "\n"
    file = project.folder / FOLDER / name
    if file.exists() and file.read_text(encoding="utf-8") == text:
        print(f"{FOLDER}/{name} is as it was", file=sys.stderr)
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{FOLDER}/{name}")


def _count(template: Path) -> int:
    """Return how many resources a template has."""
    return len(package.read(template)["Resources"])
