"""What a policy document allows, as IAM decides it for one identity policy.

Source: IAM User Guide, "Policy evaluation logic": an explicit deny wins, no match is a deny. What is not known here
(policy variables, other condition operators) raises ValueError: an answer that is a guess would be worse than none.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from grail.iam.conditions import Keys, as_list, hold
from grail.iam.wildcards import matches, matches_resource

Document = Mapping[str, Any]
Statement = Mapping[str, Any]


def allows(document: Document, *, action: str, resource: str, keys: Keys | None = None) -> bool:
    """Tell whether a policy document allows an action on a resource, asked for with these condition keys."""
    effects = {
        statement["Effect"]
        for statement in statements(document)
        if applies(statement, action=action, resource=resource) and hold(statement.get("Condition", {}), keys or {})
    }
    return "Allow" in effects and "Deny" not in effects


def statements(document: Document) -> Iterator[Statement]:
    """Yield a document's statements."""
    yield from as_list(document.get("Statement", []))


def applies(statement: Statement, *, action: str, resource: str) -> bool:
    """Tell whether a statement is about an action on a resource, whatever its conditions."""
    return _names(statement, "Action", action) and _names(statement, "Resource", resource)


def _names(statement: Statement, element: str, value: str) -> bool:
    """Tell whether an element of a statement names a value; with `Not`, whether it does not."""
    if f"Not{element}" in statement:
        return not _any_matches(element, as_list(statement[f"Not{element}"]), value)
    return _any_matches(element, as_list(statement.get(element, [])), value)


def _any_matches(element: str, patterns: list[str], value: str) -> bool:
    if element == "Action":
        return any(matches(pattern.lower(), value.lower()) for pattern in patterns)
    if any("${" in pattern for pattern in patterns):
        message = f"policy variables are not known here: {patterns}"
        raise ValueError(message)
    return any(matches_resource(pattern, value) for pattern in patterns)
