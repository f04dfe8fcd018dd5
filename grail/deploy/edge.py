"""A stage's edge: the last step of each path, by a stack of its own, in CloudFront's region."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from grail.cloudformation import Change, Stack
from grail.deploy import stacks
from grail.deploy.account import Account
from grail.deploy.templates import source

API_DOMAIN = "ApiDomain"
"""The parameter with the API's domain, and the packaged stack's output that says it."""


def deploy(
    app: str,
    stage: str,
    account: Account,
    template: Mapping[str, Any],
    *,
    domain: str,
    role: str | None = None,
    agreed: Callable[[Stack, list[Change]], bool],
) -> bool:
    """Put CloudFront before the API at a domain; tell whether something changed. Raises GrailError."""
    stack = stacks.edge(app, stage)
    return stack.deploy(source(template, account), parameters={API_DOMAIN: domain}, role=role, agreed=agreed)


UNDECLARED = "it stays until you delete it: its address goes with it"


def say_undeclared(app: str, stage: str) -> None:
    """Say that a stage that declares no edge has one, which no deployment removes: somebody may use its address."""
    if (stack := stacks.edge(app, stage)).exists():
        print(f"note: stack {stack.name} is there, and not declared; {UNDECLARED}", file=sys.stderr)
