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
    template = data.template(app=project.name, stage=options.stage, table=project.registered("table"))
    print(json.dumps(template, indent=2))
    return 0
