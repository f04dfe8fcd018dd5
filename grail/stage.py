"""A verb's way to a stage: the embedded AWS where it runs, else AWS; and what went wrong there, in one line."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from grail.errors import GrailError
from grail.localcloud import services
from grail.project import Project


@contextmanager
def entered(stage: str) -> Iterator[Project]:
    """Set this process up for a stage of the project in the working directory, while the block runs.

    What the app's own functions raise as ValueError or RuntimeError, and what AWS refuses, becomes a GrailError.
    """
    project = Project(Path.cwd())
    project.check_stage(stage)
    embedded = services.find(project, stage)
    if embedded is not None:
        os.environ.update(embedded.environment())
    project.enter(stage)
    try:
        yield project
        if embedded is None:
            print(f"no `chalice local` of stage {stage} runs here: that was AWS", file=sys.stderr)
    except (ValueError, RuntimeError) as error:
        raise GrailError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        where = "" if embedded else f"no `chalice local` of stage {stage} runs here, so this went to AWS; "
        message = f"{where}AWS refused: {error}"
        raise GrailError(message) from error
