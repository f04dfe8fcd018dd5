"""Write what is merged into Chalice's template (infra/), package a stage, or print its data stack."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grail.deploy import drift
from grail.deploy.account import reached
from grail.pack.build import build
from grail.project import Project
from grail.stack import data, edge, given_up, overlay, package, settings
from grail.stack.edge_settings import EdgeSettings
from grail.stack.known_settings import ALL_AT_ONCE
from grail.terraform import package as terraform

NAME = "stack"
EXAMPLE = "python -m grail stack package --stage staging"

_FOLDER = Path("infra")
_OUT = Path("build")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="action", parser_class=type(parser))
    described = "Print a stage's data stack as a CloudFormation template: what must outlive every deployment."
    printed = actions.add_parser("data", help=described, description=described)
    printed.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    printed.set_defaults(act=_data)
    described = f"Write {_FOLDER}/<stage>.json, which `chalice package --merge-template` takes, and that of its edge."
    written = actions.add_parser("write", help=described, description=described)
    written.add_argument("--stage", help="the stage (default: every stage, one after the other)")
    written.set_defaults(act=_write)
    described = (
        f"Write that, package the stage with it into {_OUT}/<stage>, and check the whole as CloudFormation does."
    )
    packaged = actions.add_parser("package", help=described, description=described)
    packaged.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    packaged.set_defaults(act=_package)
    described = (
        f"Do the same as package, say it for Terraform in {_OUT}/<stage>/terraform, and have Terraform check it."
    )
    other = actions.add_parser("terraform", help=described, description=described)
    other.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    other.set_defaults(act=_terraform)
    described = "Say what on a stage that was deployed directly differs from what is declared; exit code 1 if anything."
    checked = actions.add_parser("check", help=described, description=described)
    checked.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    checked.set_defaults(act=_check)
    described = "Mend what `check` finds; exit code 1 if something is left, which a deployment mends."
    applied = actions.add_parser("apply", help=described, description=described)
    applied.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    applied.set_defaults(act=_apply)


def run(options: argparse.Namespace) -> int:
    """Do it."""
    return int(options.act(Project(Path.cwd()), options.stage))


def _data(project: Project, stage: str) -> int:
    project.enter(stage)
    print(json.dumps(data.template_of(project, stage), indent=2))
    return 0


def _write(project: Project, stage: str | None) -> int:
    """Write a stage's file; for several each in a process of its own, since an app is imported for one stage."""
    if stage is None:
        command = [sys.executable, "-m", "grail", NAME, "write", "--stage"]
        stages = project.config.get("stages", {})
        return max((subprocess.run([*command, one], check=False).returncode for one in stages), default=0)
    project.enter(stage)
    chosen = settings.read(project, stage)
    made = overlay.template(project, stage)
    at_edge = None
    if chosen.edge is not None:
        at_edge = edge.template_of(project, stage, EdgeSettings.read(chosen.edge), log_days=chosen.log_days)
    _write_file(project, f"{stage}.json", made)
    if at_edge is not None:
        _write_file(project, _edge_file(stage), at_edge)
    elif (stale := project.folder / _FOLDER / _edge_file(stage)).exists():
        stale.unlink()
        print(f"{_FOLDER}/{_edge_file(stage)} is gone: the stage has no edge", file=sys.stderr)
    return 0


def _edge_file(stage: str) -> str:
    return f"{stage}-edge.json"


def _write_file(project: Project, name: str, template: Mapping[str, Any]) -> None:
    """Write a template, sorted: the same template is the same file."""
    text = json.dumps(template, indent=2, sort_keys=True) + "\n"
    file = project.folder / _FOLDER / name
    if file.exists() and file.read_text(encoding="utf-8") == text:
        print(f"{_FOLDER}/{name} is as it was", file=sys.stderr)
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{_FOLDER}/{name}")


def _check(project: Project, stage: str) -> int:
    with reached() as account:
        return drift.tell(project, stage, account)


def _apply(project: Project, stage: str) -> int:
    with reached() as account:
        return drift.mend(project, stage, account)


def _package(project: Project, stage: str) -> int:
    package_stage(project, stage)
    return 0


def package_stage(project: Project, stage: str) -> Path:
    """Package a stage, and say what came out; return the folder. Raises GrailError."""
    _write(project, stage)
    list(build(project, stage, again=False))  # Chalice takes it from where this puts it
    out = project.folder / _OUT / stage
    package.package(project.folder, stage, overlay=_FOLDER / f"{stage}.json", out=out)
    given_up.check(package.read(out / "sam.json"), overlay.functions_of(project, stage), app=project.name, stage=stage)
    file = package.check(out)
    megabytes = (out / "deployment.zip").stat().st_size / 1_000_000
    print(f"{_OUT}/{stage}/sam.json: the template, with infra/{stage}.json in it")
    print(f"{_OUT}/{stage}/deployment.zip: the code, {megabytes:.1f} MB")
    print(f"{_OUT}/{stage}/cloudformation.json: what CloudFormation makes of it, {_count(file)} resources")
    if (at_edge := project.folder / _FOLDER / _edge_file(stage)).exists():
        package.lint(at_edge)
        print(f"{_FOLDER}/{at_edge.name}: CloudFront before it, {_count(at_edge)} resources")
    return out


def _terraform(project: Project, stage: str) -> int:
    _package(project, stage)
    deployment = settings.read(project, stage).deployment
    if deployment != ALL_AT_ONCE:
        print(f"{deployment}: by Terraform, each alias moves all at once (docs/delivery.md)", file=sys.stderr)
    region = os.environ.get("AWS_DEFAULT_REGION", package.REGION)
    at_edge = project.folder / _FOLDER / _edge_file(stage)
    file = terraform.write(
        project.folder / _OUT / stage,
        edge=at_edge if at_edge.exists() else None,
        app=project.name,
        stage=stage,
        region=region,
    )
    made = terraform.check(file, stage)
    print(f"{_OUT}/{stage}/terraform: the same for Terraform, {len(made)} resources, and the stage's values")
    return 0


def _count(template: Path) -> int:
    """Return how many resources a template has."""
    return len(package.read(template)["Resources"])
