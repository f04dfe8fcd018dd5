"""The stacks of a stage, and that it is deployed one way or the other."""

from grail.cloudformation import Stack
from grail.errors import GrailError
from grail.stack import data as data_stack
from grail.stack import edge as edge_stack
from grail.stack import edge_keys


def packaged(app: str, stage: str) -> Stack:
    """Return the one stack of a packaged stage, beside its edge's."""
    return Stack(f"{app}-{stage}")


def data(app: str, stage: str) -> Stack:
    """Return the stack with the data of a stage that is deployed directly."""
    return Stack(data_stack.stack_name(app, stage))


def companion(app: str, stage: str) -> Stack:
    """Return the stack beside what `chalice deploy` makes."""
    return Stack(f"{app}-{stage}-companion")


def edge(app: str, stage: str) -> Stack:
    """Return the stack of a stage's edge, however the stage is deployed."""
    return Stack(edge_stack.stack_name(app, stage), edge_keys.REGION)


def with_data(app: str, stage: str) -> Stack:
    """Return the stack that says what a stage's data are, however the stage is deployed."""
    return one if (one := packaged(app, stage)).exists() else data(app, stage)


def with_api(app: str, stage: str) -> Stack:
    """Return the stack that says where a stage's API is, however the stage is deployed."""
    return one if (one := packaged(app, stage)).exists() else companion(app, stage)


def url(app: str, stage: str, *, has_edge: bool) -> str | None:
    """Return where a stage's clients find it; None where it has no API. Raises GrailError where it is not deployed."""
    if has_edge:
        return edge(app, stage).outputs()["Url"]
    return with_api(app, stage).outputs().get("EndpointURL")


def check_own(app: str, stage: str) -> None:
    """Raise GrailError where another stage has a stack of such a name: app `shop-dev`, stage `data`, that of shop's."""
    for stack, what in (
        (packaged(app, stage), ""),
        (data(app, stage), "Data of "),
        (companion(app, stage), "Beside the API of "),
        (edge(app, stage), "Edge of "),
    ):
        found = stack.description()
        if found is not None and found != f"{what}{app}, stage {stage}":
            message = f"stack {stack.name} is another's, {found!r}: give the app or the stage another name"
            raise GrailError(message)


def check_direct(app: str, stage: str) -> None:
    """Raise GrailError for a stage that CloudFormation made as a whole: both ways use the same names."""
    check_own(app, stage)
    if (stack := packaged(app, stage)).exists():
        message = f"stage {stage} was deployed as a package, by stack {stack.name}: go on so (VIA=cloudformation)"
        raise GrailError(message)


def check_packaged(app: str, stage: str) -> None:
    """Raise GrailError for a stage that `chalice deploy` made."""
    check_own(app, stage)
    for stack in (data(app, stage), companion(app, stage)):
        if stack.exists():
            message = f"stage {stage} was deployed directly, beside stack {stack.name}: go on so (VIA=chalice)"
            raise GrailError(message)
