"""Write what is merged into Chalice's template (infra/), package a stage, or print its data stack."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from grail.arguments import Actions
from grail.deploy import drift
from grail.deploy.account import reached
from grail.project import Project
from grail.stack import data, package, packaging, settings
from grail.stack.known_settings import ALL_AT_ONCE
from grail.stack.packaging import FOLDER, OUT
from grail.terraform import package as terraform

NAME = "stack"
EXAMPLE = "python -m grail stack package --stage staging"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    verb = Actions(parser)
    described = f"Write {FOLDER}/<stage>.json, which `chalice package --merge-template` takes, and that of its edge."
    written = verb.add("write", described, _write)
    written.add_argument("--stage", help="the stage (default: every stage, one after the other)")
    verb.common.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    verb.add(
        "data", "Print a stage's data stack as a CloudFormation template: what must outlive every deployment.", _data
    )
    described = f"Write that, package the stage with it into {OUT}/<stage>, and check the whole as CloudFormation does."
    verb.add("package", described, _package)
    described = f"Do the same as package, say it for Terraform in {OUT}/<stage>/terraform, and have Terraform check it."
    verb.add("terraform", described, _terraform)
    described = "Say what on a stage that was deployed directly differs from what is declared; exit code 1 if anything."
    verb.add("check", described, _check)
    verb.add("apply", "Mend what `check` finds; exit code 1 if something is left, which a deployment mends.", _apply)


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
    packaging.write(project, stage)
    return 0


def _check(project: Project, stage: str) -> int:
    with reached() as account:
        return drift.tell(project, stage, account)


def _apply(project: Project, stage: str) -> int:
    with reached() as account:
        return drift.mend(project, stage, account)


def _package(project: Project, stage: str) -> int:
    packaging.make(project, stage)
    return 0


def _terraform(project: Project, stage: str) -> int:
    made = packaging.make(project, stage)
    deployment = settings.read(project, stage).deployment
    if deployment != ALL_AT_ONCE:
        print(f"{deployment}: by Terraform, each alias moves all at once (docs/terraform.md)", file=sys.stderr)
    region = os.environ.get("AWS_DEFAULT_REGION", package.REGION)
    file = terraform.write(
        made.folder,
        edge=made.edge,
        app=project.name,
        stage=stage,
        region=region,
    )
    resources = terraform.check(file, stage)
    print(f"{OUT}/{stage}/terraform: the same for Terraform, {len(resources)} resources, and the stage's values")
    return 0
