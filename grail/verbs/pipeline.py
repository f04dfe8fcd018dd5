"""Print CodePipeline's pipeline as a template, for the stages that a pipeline may deploy."""

import argparse
import json
from pathlib import Path

from grail.errors import GrailError
from grail.pipeline import codepipeline
from grail.project import Project
from grail.stack import settings

NAME = "pipeline"
EXAMPLE = "python -m grail pipeline > infra/pipeline.json"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--stages",
        nargs="+",
        metavar="STAGE",
        help="in the order in which they are deployed (default: those with permissions_boundary)",
    )


def run(options: argparse.Namespace) -> int:
    """Print it. Raises GrailError where no stage may be deployed so."""
    project = Project(Path.cwd())
    stages = options.stages or [
        stage for stage in project.config.get("stages", {}) if settings.read(project, stage).permissions_boundary
    ]
    for stage in stages:
        project.check_stage(stage)
    if not stages:
        message = "no stage has permissions_boundary, which a stage's bootstrap wants"
        raise GrailError(message)
    print(json.dumps(codepipeline.template(project.name, stages), indent=2, sort_keys=True))
    return 0
