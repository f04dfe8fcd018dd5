"""The Condition of a policy's statement (IAM User Guide, "IAM JSON policy elements: Condition operators")."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from grail.iam.wildcards import matches, matches_arn

Keys = Mapping[str, Collection[str]]
"""A request's condition keys, each with its values."""

_NULL = "Null"
_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": matches,
    "ArnLike": matches_arn,
    "Bool": lambda wanted, value: wanted.lower() == value.lower(),
}
"""From what a policy wants and what a request has to whether they agree."""


def hold(block: Mapping[str, Mapping[str, Any]], keys: Keys) -> bool:
    """Tell whether all conditions of a statement hold. Raises ValueError for an operator that is not known here."""
    found = {name.lower(): values for name, values in keys.items()}
    return all(
        _holds(operator, [str(value) for value in as_list(wanted)], found.get(key.lower(), ()), key)
        for operator, conditions in block.items()
        for key, wanted in conditions.items()
    )


def as_list(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON value
    """Return what may stand alone as a list."""
    return value if isinstance(value, list) else [value]


def _holds(operator: str, wanted: list[str], values: Collection[str], key: str) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == _NULL:
        return any(each.lower() == str(not values).lower() for each in wanted)
    compare = _OPERATORS.get(name.removesuffix("IfExists"))
    if compare is None or quantifier not in {"", "ForAllValues", "ForAnyValue"} or any("${" in each for each in wanted):
        message = f"this condition is not known here: {operator} of {key}"
        raise ValueError(message)
    if not values:
        return quantifier == "ForAllValues" or name.endswith("IfExists")
    if not quantifier and len(values) > 1:
        message = f"{operator} of {key} has several values: it needs ForAllValues or ForAnyValue"
        raise ValueError(message)
    agree = [any(compare(each, value) for each in wanted) for value in values]
    return any(agree) if quantifier == "ForAnyValue" else all(agree)
