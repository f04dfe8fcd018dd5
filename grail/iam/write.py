"""Policies made from what functions need: exactly that, sorted."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from grail.errors import GrailError
from grail.iam.evaluator import Statement, statements
from grail.iam.needs import Need

_OPERATOR = "ForAllValues:StringLike"
"""How a condition compares: a request names several items, and each of them must be among those allowed."""

_ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}


def text(needs: Iterable[Need]) -> str:
    """Return the policy of a function that needs these, as a file's contents.

    What is needed of the same resources stands in one statement. Condition keys are asked for where needs have some.
    """
    actions = defaultdict[tuple[str, frozenset[tuple[str, str]]], set[str]](set)
    for need in needs:
        actions[need.resource, need.keys].add(need.action)
    resources = defaultdict[tuple[tuple[str, ...], frozenset[tuple[str, str]]], list[str]](list)
    for (resource, keys), found in actions.items():
        resources[tuple(sorted(found)), keys].append(resource)
    made = [_statement(found, sorted(named), keys) for (found, keys), named in resources.items()]
    made.sort(key=lambda statement: (statement["Action"][0].split(":")[0], statement["Resource"], statement["Action"]))
    for statement in made:
        if len(statement["Resource"]) == 1:
            [statement["Resource"]] = statement["Resource"]
    return json.dumps({"Version": "2012-10-17", "Statement": made}, indent=2) + "\n"


def _statement(actions: tuple[str, ...], resources: list[str], keys: Collection[tuple[str, str]]) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": resources}
    if keys:
        conditions = defaultdict[str, list[str]](list)
        for key, value in sorted(keys):
            conditions[key].append(value)
        statement["Condition"] = {_OPERATOR: dict(conditions)}
    return statement


def check_replaceable(document: Mapping[str, Any], needs: Collection[Need]) -> None:
    """Raise GrailError for a policy with what can't be made from needs, which would be lost: somebody's own."""
    known = {key for need in needs for key, _ in need.keys}
    for statement in statements(document):
        if not _is_made(statement, known):
            message = f"has a statement that is not made from usage, and would be lost: {json.dumps(statement)}"
            raise GrailError(message)


def _is_made(statement: Statement, known: Collection[str]) -> bool:
    conditions = statement.get("Condition", {})
    return (
        statement["Effect"] == "Allow"
        and statement.keys() <= _ELEMENTS
        and conditions.keys() <= {_OPERATOR}
        and all(key in known for key in conditions.get(_OPERATOR, {}))
    )
