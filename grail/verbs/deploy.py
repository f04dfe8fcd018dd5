"""Deploy a stage to AWS: with `chalice deploy`, or what was packaged with CloudFormation."""

import argparse
import sys
from pathlib import Path

from grail.deploy import direct, packaged, stacks
from grail.deploy.account import Account, reached
from grail.errors import GrailError
from grail.project import Project
from grail.terminal import confirmed
from grail.verbs import stack

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
        "--bucket", help="where packages go, via cloudformation (default: <app>-artifacts-<account>-<region>)"
    )
    parser.add_argument("--yes", action="store_true", help="make the changes that are shown without being asked")


def run(options: argparse.Namespace) -> int:
    """Deploy, and say where the stage is."""
    project = Project(Path.cwd())
    project.check_stage(options.stage)
    with reached() as account:
        print(f"{project.name}-{options.stage} in {account.region}, account {account.id}", file=sys.stderr)
        if options.via == "cloudformation":
            _deploy_package(project, account, options)
        else:
            url = direct.deploy(project, options.stage, account, may_lose=options.yes)
            print(url or f"{project.name}-{options.stage} is deployed")
    return 0


def _deploy_package(project: Project, account: Account, options: argparse.Namespace) -> None:
    out = stack.package_stage(project, options.stage)
    bucket = options.bucket or packaged.bucket_name(project.name, account)

    def agreed(changes: list[stacks.Change]) -> bool:
        for action, name, kind in changes:
            print(f"  {action:<8} {name} ({kind})", file=sys.stderr)
        if options.yes or confirmed(f"Make these {len(changes)} changes?"):
            return True
        if not sys.stdin.isatty():
            message = "nothing was changed; to be asked nothing, say --yes"
            raise GrailError(message)
        return False

    changed = packaged.deploy(project, options.stage, account, out=out, bucket=bucket, agreed=agreed)
    print(f"{project.name}-{options.stage} is {'deployed' if changed else 'as it was'}")
