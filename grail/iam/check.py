"""A policy and what its function needs, compared both ways: nothing is missed, and nothing is granted in excess."""

from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Any

from grail.iam import unseen
from grail.iam.conditions import as_list
from grail.iam.evaluator import Statement, allows, applies, statements
from grail.iam.needs import Need
from grail.iam.wildcards import matches


def findings(document: Mapping[str, Any], needs: Collection[Need]) -> Iterator[str]:
    """Yield what is wrong with a function's policy, as sentences that begin with its file."""
    for need in needs:
        keys: dict[str, set[str]] = {}
        for key, value in need.keys:
            keys.setdefault(key, set()).add(value)
        if not allows(document, action=need.action, resource=need.resource, keys=keys):
            yield f"does not allow {need.action} on {need.resource}, which is needed" + _described(keys)
    for statement in statements(document):
        if statement["Effect"] == "Allow":
            yield from _excess(statement, needs)


def _described(keys: Mapping[str, Collection[str]]) -> str:
    return "".join(f", with {key} {', '.join(sorted(values))}" for key, values in sorted(keys.items()))


def _excess(statement: Statement, needs: Collection[Need]) -> Iterator[str]:
    """Yield what a statement allows that is not needed, and each of its stars that nobody gave a reason for."""
    if not {"Action", "Resource"} <= statement.keys():
        yield f"allows all but what it names: {statement}"
        return
    actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
    stars = [action for action in actions if "*" in action or "?" in action]
    stars += [resource for resource in resources if not unseen.is_explained(resource, needs)]
    for star in stars:
        yield f"has a * without a reason: {star}"
    for action, resource in product(actions, resources):
        if not any(_names(action, resource, need) for need in needs):
            yield f"allows {action} on {resource}, which nothing needs"
    for conditions in statement.get("Condition", {}).values():
        for key, wanted in conditions.items():
            used = _values(key, statement, needs)
            for pattern in as_list(wanted):
                if not any(matches(pattern, value) for value in used):
                    yield f"allows {key} {pattern}, which nothing needs"


def _names(action: str, resource: str, need: Need) -> bool:
    return applies({"Action": action, "Resource": resource}, action=need.action, resource=need.resource)


def _values(key: str, statement: Statement, needs: Collection[Need]) -> set[str]:
    """Return a condition key's values, in what needs a statement."""
    found = [need for need in needs if applies(statement, action=need.action, resource=need.resource)]
    return {value for need in found for name, value in need.keys if name == key}
