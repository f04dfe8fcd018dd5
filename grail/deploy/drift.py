"""Say what on a stage differs from what is declared, or mend it."""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from grail.cloudformation import Stack
from grail.deploy import callers, companion, edge, functions, gateway, kept, mappings, roles, stacks
from grail.deploy.account import Account
from grail.deploy.declared import Declared, declared
from grail.deploy.findings import Finding, mended
from grail.deploy.intrinsics import resolved
from grail.deploy.prepared import Prepared, prepared
from grail.errors import GrailError
from grail.project import Project
from grail.terminal import counted


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
        return list(_findings(ready, declared(ready)))


def _findings(ready: Prepared, wanted: Declared) -> Iterator[Finding]:
    """Yield what differs on AWS from what is declared."""
    app, stage = ready.project.name, ready.stage
    beside = stacks.companion(app, stage)
    yield from _of_stack(stacks.data(app, stage), ready.data)
    yield from _of_stack(beside, wanted.companion)
    yield from _of_stack(stacks.edge(app, stage), wanted.edge)
    api_id = ready.find_api(ready.saved())
    known = {**wanted.known, companion.API: api_id or ""}
    for template in (ready.data, wanted.companion or {"Resources": {}}):
        yield from kept.findings(resolved(template["Resources"], known, strict=False), stack=beside.name)
    resources = resolved(wanted.resources, known, strict=False)
    yield from functions.findings(resources, wanted.code)
    yield from roles.findings(resources)
    yield from mappings.findings(ready.parts.functions, wanted.known)
    yield from callers.findings(ready.parts.functions, ready.account, api=api_id)
    if api_id is not None and (wanted.companion is None or beside.exists()):
        yield from gateway.findings(wanted.gateway(api_id, {} if wanted.companion is None else beside.outputs()))
    elif ready.parts.api_stage is not None:
        yield Finding("API: it is not there, or was not deployed to its end")


def _of_stack(stack: Stack, template: Mapping[str, Any] | None) -> Iterator[Finding]:
    """Yield that a stack is missing, of another template, or there and not declared."""
    if template is None:
        if stack.exists():
            yield Finding(f"stack {stack.name} is there, and not declared", hint=edge.UNDECLARED)
    elif not stack.exists():
        yield Finding(f"stack {stack.name} is not there")
    elif json.loads(json.dumps(stack.template())) != json.loads(json.dumps(template)):
        yield Finding(f"stack {stack.name}: it was made of another template")


def _print(found: list[Finding], hint: str) -> int:
    for finding in found:
        print(f"{finding.words}{'' if finding.mend else f' ({finding.hint})'}")
    print(f"{counted(len(found), 'difference')}; {hint}" if found else "no differences", file=sys.stderr)
    return 1 if found else 0
