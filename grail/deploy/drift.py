"""Say what on a stage differs from what is declared, or mend it."""

import sys

from grail.deploy import direct, names, stacks
from grail.deploy.account import Account
from grail.deploy.findings import Finding, mended
from grail.errors import GrailError
from grail.project import Project
from grail.stack import data


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
    names.check_direct(project.name, stage)
    if not stacks.exists(data.stack_name(project.name, stage)):
        message = f"stage {stage} is not deployed here: there is no stack {data.stack_name(project.name, stage)}"
        raise GrailError(message)
    with direct.prepared(project, stage, account) as ready:
        return list(direct.findings(ready))


def _print(found: list[Finding], hint: str) -> int:
    for finding in found:
        print(f"{finding.words}{'' if finding.mend else ' (`make deploy` mends it)'}")
    print(f"{len(found)} differences; {hint}" if found else "no differences", file=sys.stderr)
    return 1 if found else 0
