"""Print a token for a subject in a role, and nothing else."""

import argparse

from grail.errors import GrailError
from grail.stage import entered

NAME = "token"
EXAMPLE = "python -m grail token --role admin --subject alice"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--role", required=True, help="what it may do: a role of the app's")
    parser.add_argument("--subject", required=True, help="whose it is")
    parser.add_argument("--stage", default="dev", help="the stage it is for (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Ask the app, with the stage's environment."""
    with entered(options.stage) as project:
        make = project.registered("token")
        if make is None:
            message = "the app has no tokens: pyproject.toml [tool.grail] names no `token`"
            raise GrailError(message)
        print(make(role=options.role, subject=options.subject))
    return 0
