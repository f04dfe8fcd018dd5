"""Print a token for a subject in a role, and nothing else."""

import argparse
import os
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from grail.errors import GrailError
from grail.localcloud import services
from grail.project import Project

NAME = "token"
EXAMPLE = "python -m grail token --role admin --subject alice"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--role", required=True, help="what it may do: a role of the app's")
    parser.add_argument("--subject", required=True, help="whose it is")
    parser.add_argument("--stage", default="dev", help="the stage it is for (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Ask the app, with the stage's environment."""
    project = Project(Path.cwd())
    project.check_stage(options.stage)
    embedded = services.find(project, options.stage)
    if embedded is not None:
        os.environ.update(embedded.environment())
    project.enter(options.stage)
    make = project.registered("token")
    if make is None:
        message = "the app has no tokens: pyproject.toml [tool.grail] names no `token`"
        raise GrailError(message)
    try:
        print(make(role=options.role, subject=options.subject))
        if embedded is None:
            print(f"no `chalice local` runs here: that token is on AWS, stage {options.stage}", file=sys.stderr)
    except (ValueError, RuntimeError) as error:
        raise GrailError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        where = "" if embedded else " (no `chalice local` runs here, so this went to AWS)"
        message = f"AWS refused: {error}{where}"
        raise GrailError(message) from error
    return 0
