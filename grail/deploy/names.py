"""The names of a stage's stacks and of what a deployment keeps, and that a stage is deployed one way or the other."""

from grail.deploy import stacks
from grail.errors import GrailError
from grail.stack import data

STATE_PREFIX = "deployed/"
"""Where in a stage's bucket its deployment is kept: nothing expires it, and no function's policy reaches it."""


def packaged_stack(app: str, stage: str) -> str:
    """Return the name of the one stack of a packaged stage."""
    return f"{app}-{stage}"


def companion_stack(app: str, stage: str) -> str:
    """Return the name of the stack beside what `chalice deploy` makes."""
    return f"{app}-{stage}-companion"


def check_direct(app: str, stage: str) -> None:
    """Raise GrailError for a stage that CloudFormation made as a whole: both ways use the same names."""
    if stacks.exists(packaged_stack(app, stage)):
        stack = packaged_stack(app, stage)
        message = f"stage {stage} was deployed as a package, by stack {stack}: go on so (VIA=cloudformation)"
        raise GrailError(message)


def check_packaged(app: str, stage: str) -> None:
    """Raise GrailError for a stage that `chalice deploy` made."""
    for stack in (data.stack_name(app, stage), companion_stack(app, stage)):
        if stacks.exists(stack):
            message = f"stage {stage} was deployed directly, beside stack {stack}: go on so (VIA=chalice)"
            raise GrailError(message)
