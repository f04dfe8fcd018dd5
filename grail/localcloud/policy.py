"""Evaluation of IAM policy documents, as far as an authorizer's policies need it.

Source: IAM User Guide, "Policy evaluation logic": an explicit deny wins, no match is a deny.
"""

import re
from collections.abc import Mapping
from typing import Any


def allows(document: Mapping[str, Any], *, action: str, resource: str) -> bool:
    """Tell whether a policy document allows an action on a resource."""
    statements = document.get("Statement", [])
    effects = {
        statement["Effect"]
        for statement in (statements if isinstance(statements, list) else [statements])
        if _any_matches(statement.get("Action", []), action.lower(), lower=True)
        and _any_matches(statement.get("Resource", []), resource, lower=False)
    }
    return "Allow" in effects and "Deny" not in effects


def _any_matches(patterns: str | list[str], value: str, *, lower: bool) -> bool:
    found = [patterns] if isinstance(patterns, str) else patterns
    return any(_matches(pattern.lower() if lower else pattern, value) for pattern in found)


def _matches(pattern: str, value: str) -> bool:
    """`*` is any number of any characters, `/` among them; `?` is one.

    Each part between stars is taken where it comes first, so that a long path costs no more than its length.
    """
    first, *rest = (re.compile(re.escape(part).replace(r"\?", "."), re.DOTALL) for part in pattern.split("*"))
    if not rest:
        return first.fullmatch(value) is not None
    found = first.match(value)
    for part in rest[:-1]:
        found = found and part.search(value, found.end())
    last = len(value) - len(pattern.rpartition("*")[2])
    return found is not None and found.end() <= last and rest[-1].fullmatch(value, last) is not None
