"""Say what on a stage differs from what is declared, or mend it."""

import json
import sys
from collections.abc import Iterator

from grail.deploy import companion, functions, gateway, kept, mappings, stacks
from grail.deploy.account import Account
from grail.deploy.findings import Finding, mended
from grail.deploy.intrinsics import resolved
from grail.deploy.prepared import Prepared, prepared
from grail.errors import GrailError
from grail.project import Project


def tell(project: Project, stage: str, account: Account) -> int:
    """Print what differs; return 1 if anything does."""
    found = _found(project, stage, account)
    return _print(found, f"`python -m grail stack apply --stage {stage}` mends what has no other hint")


def mend(project: Project, stage: str, account: Account) -> int:
    """Mend what differs, and print what was; return 1 if something is left."""
    for words in mended(_found(project, stage, account)):
        print(f"mended: {words}")
    return _print(_found(project, stage, account), "what `apply` can't mend is left")


def _found(project: Project, stage: str, account: Account) -> list[Finding]:
    project.check_stage(stage)
    stacks.check_direct(project.name, stage)
    if not (of_data := stacks.data(project.name, stage)).exists():
        message = f"stage {stage} is not deployed here: there is no stack {of_data.name}"
        raise GrailError(message)
    with prepared(project, stage, account) as ready:
        return list(_findings(ready))


def _findings(ready: Prepared) -> Iterator[Finding]:
    """Yield what differs on AWS from what is declared."""
    app, stage = ready.project.name, ready.stage
    for stack, template in (
        (stacks.data(app, stage), ready.data),
        (stacks.companion(app, stage), ready.companion),
        (stacks.edge(app, stage), ready.edge),
    ):
        if template is None:
            continue
        if not stack.exists():
            yield Finding(f"stack {stack.name} is not there")
        elif json.loads(json.dumps(stack.template())) != json.loads(json.dumps(template)):
            yield Finding(f"stack {stack.name}: it was made of another template")
    api_id = ready.find_api(ready.saved())
    known = {**ready.known, companion.API: api_id or ""}
    for template in (ready.data, ready.companion):
        yield from kept.findings(resolved(template["Resources"], known, strict=False))
    yield from functions.findings(resolved(ready.sam["Resources"], known, strict=False), ready.code)
    yield from functions.boundaries(resolved(ready.sam["Resources"], known, strict=False))
    yield from mappings.findings(ready.parts.functions, ready.known)
    if api_id is not None and stacks.companion(app, stage).exists():
        yield from gateway.findings(ready.gateway(api_id))
    elif ready.parts.api_stage is not None:
        yield Finding("API: it is not there, or was not deployed to its end")


def _print(found: list[Finding], hint: str) -> int:
    for finding in found:
        print(f"{finding.words}{'' if finding.mend else ' (`make deploy` mends it)'}")
    print(f"{len(found)} differences; {hint}" if found else "no differences", file=sys.stderr)
    return 1 if found else 0
