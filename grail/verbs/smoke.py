"""Ask a deployed stage whether it answers, and whether what is closed is closed."""

import argparse
from pathlib import Path

from grail.deploy import stacks
from grail.deploy.account import reached
from grail.errors import GrailError
from grail.pipeline import smoke
from grail.project import Project
from grail.stack import settings

NAME = "smoke"
EXAMPLE = "python -m grail smoke --url https://staging.example.com"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--url", type=_url, help="where the API is")
    where.add_argument("--stage", help="a stage: its edge where it has one, else its API, as its stacks' outputs say")


def run(options: argparse.Namespace) -> int:
    """Ask, and say what was found."""
    url = options.url or _of(Project(Path.cwd()), options.stage)
    print(url, flush=True)
    for found in smoke.check(url):
        print(f"  {found}")
    return 0


def _of(project: Project, stage: str) -> str:
    """Return where a stage's clients find it. Raises GrailError."""
    project.check_stage(stage)
    with reached():
        url = stacks.url(project.name, stage, has_edge=settings.read(project, stage).edge is not None)
    if url is None:
        message = f"stage {stage} has no API"
        raise GrailError(message)
    return url


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        message = f"{text!r} is no URL"
        raise argparse.ArgumentTypeError(message)
    return text
