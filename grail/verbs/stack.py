"""Print a stage's data stack as a CloudFormation template."""

import argparse
import json
from pathlib import Path

from grail.project import Project
from grail.stack import data

NAME = "stack"
EXAMPLE = "python -m grail stack --stage prod"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--stage", default="dev", help="the stage (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Print the template."""
    project = Project(Path.cwd())
    project.enter(options.stage)
    print(json.dumps(data.template_of(project, options.stage), indent=2))
    return 0
