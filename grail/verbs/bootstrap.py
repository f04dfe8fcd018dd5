"""Make what a pipeline needs to deploy a stage: a bucket, roles, trust in GitHub; and the stage's first admin."""

import argparse
import json
import re
import sys
from pathlib import Path

from botocore.exceptions import ClientError

from grail.deploy.account import reached
from grail.errors import GrailError
from grail.pipeline import apply, bootstrap
from grail.project import Project
from grail.stage import entered
from grail.terminal import resumable

NAME = "bootstrap"
EXAMPLE = "python -m grail bootstrap --stage prod --repository example/shop --admin alice"

_PLACEHOLDER = "OWNER/NAME"
_REPOSITORY = re.compile(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--stage", required=True, help="the stage")
    parser.add_argument(
        "--repository",
        type=_repository,
        metavar=_PLACEHOLDER,
        help="at GitHub; jobs of its environment of the stage's name may deploy",
    )
    parser.add_argument("--admin", metavar="NAME", help="the stage's first admin, once the stage is deployed")
    parser.add_argument("--template", action="store_true", help="print the template, and ask nothing of AWS")


def run(options: argparse.Namespace) -> int:
    """Do it; what is there stays, so that it can be done again."""
    project = Project(Path.cwd())
    project.check_stage(options.stage)
    template = bootstrap.template_of(project, options.stage, repository=options.repository)
    if options.template:
        print(json.dumps(template, indent=2))
        return 0
    with resumable(), reached() as account:
        name = f"{project.name}-{options.stage}"
        print(f"the bootstrap of {name} in {account.region}, account {account.id}; a minute or two", file=sys.stderr)
        made = apply.apply(project.name, options.stage, template)
    print(json.dumps(made, indent=2))
    if options.admin is not None:
        _admin(options.stage, options.admin)
    return 0


def _admin(stage: str, name: str) -> None:
    """Make the first admin. Raises GrailError where the stage is not deployed, or has an admin."""
    with entered(stage) as project:
        store = project.registered("access")
        if store is None:
            message = "the app has no permission store: pyproject.toml [tool.grail] names no `access`"
            raise GrailError(message)
        try:
            store().bootstrap(name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            message = f"stage {stage} has no table yet: deploy it, then say this again for its first admin"
            raise GrailError(message) from error
    print(f"{name} is the first admin of stage {stage}", file=sys.stderr)


def _repository(text: str) -> str:
    if _REPOSITORY.fullmatch(text) is None or text == _PLACEHOLDER:
        message = f"{text!r} is no repository, such as example/shop"
        raise argparse.ArgumentTypeError(message)
    return text
