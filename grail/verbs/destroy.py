"""Remove a stage from AWS; its data stays unless told."""

import argparse
import os
import sys
from pathlib import Path

from grail.deploy import removal
from grail.deploy.account import reached
from grail.errors import GrailError
from grail.project import Project
from grail.terminal import confirmed, resumable

NAME = "destroy"
EXAMPLE = "python -m grail destroy --stage staging --data"

_GUARDED = "prod"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")
    parser.add_argument("--data", action="store_true", help="delete its table, queues, files, users and logs too")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--confirm",
        default=os.environ.get("CONFIRM", ""),
        help=f"<app>-{_GUARDED}, without which {_GUARDED} is not removed (default: $CONFIRM)",
    )


def run(options: argparse.Namespace) -> int:
    """Ask, and remove it."""
    project = Project(Path.cwd())
    project.check_stage(options.stage)
    name = f"{project.name}-{options.stage}"
    if options.stage == _GUARDED and options.confirm != name:
        message = f"{name} is not removed without CONFIRM={name}"
        raise GrailError(message)
    with resumable(), reached() as account:
        removal.check(project, options.stage)
        what = f"{name} in {account.region}, account {account.id}, {'and' if options.data else 'but not'} its data"
        if not options.yes and not confirmed(f"Remove {what}?"):
            hint = "" if sys.stdin.isatty() else "; to be asked nothing, say --yes (make: YES=1)"
            message = f"nothing was removed{hint}"
            raise GrailError(message)
        removal.remove(project, options.stage, account, with_data=options.data)
    print(f"{name} is gone" if options.data else f"{name} is gone; its data stays (--data, or DATA=1, takes it too)")
    return 0
