"""Deploy a stage to AWS: with `chalice deploy`, or what was packaged with CloudFormation."""

import argparse
import sys
from pathlib import Path

from grail.cloudformation import Change
from grail.deploy import direct, packaged
from grail.deploy.account import Account, reached
from grail.errors import GrailError
from grail.project import Project
from grail.stack import packaging
from grail.terminal import confirmed

NAME = "deploy"
EXAMPLE = "python -m grail deploy --stage staging --via cloudformation"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    parser.add_argument(
        "--via",
        choices=("chalice", "cloudformation"),
        default="chalice",
        help="the direct path, or the packaged one, with aliases and canaries (default: %(default)s); docs/delivery.md",
    )
    parser.add_argument(
        "--packaged", action="store_true", help="via cloudformation: take the package that is there, and make none"
    )
    parser.add_argument("--yes", action="store_true", help="make the changes that are shown without being asked")


def run(options: argparse.Namespace) -> int:
    """Deploy, and say where the stage is."""
    project = Project(Path.cwd())
    project.check_stage(options.stage)
    if options.packaged and options.via == "chalice":
        message = "--packaged goes with --via cloudformation"
        raise GrailError(message)
    with reached() as account:
        print(f"{project.name}-{options.stage} in {account.region}, account {account.id}", file=sys.stderr)
        if options.via == "cloudformation":
            _deploy_package(project, account, options)
        else:
            url = direct.deploy(project, options.stage, account, may_lose=options.yes)
            print(url or f"{project.name}-{options.stage} is deployed")
    return 0


def _deploy_package(project: Project, account: Account, options: argparse.Namespace) -> None:
    packaged.check(project, options.stage, account)
    made = packaging.find(project, options.stage) if options.packaged else packaging.make(project, options.stage)

    def agreed(changes: list[Change]) -> bool:
        for action, name, kind in changes:
            print(f"  {action:<8} {name} ({kind})", file=sys.stderr)
        if options.yes or confirmed(f"Make these {len(changes)} changes?"):
            return True
        if not sys.stdin.isatty():
            message = "nothing was changed; to be asked nothing, say --yes"
            raise GrailError(message)
        return False

    changed = packaged.deploy(project, options.stage, account, out=made.folder, at_edge=made.edge, agreed=agreed)
    print(f"{project.name}-{options.stage} is {'deployed' if changed else 'as it was'}")
