"""What stands for a template's values in Terraform: CloudFormation's intrinsic functions are its expressions."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from grail.errors import GrailError

PSEUDO = {
    "AWS::AccountId": "data.aws_caller_identity.current.account_id",
    "AWS::Partition": "data.aws_partition.current.partition",
    "AWS::Region": "data.aws_region.current.region",
    "AWS::URLSuffix": "data.aws_partition.current.dns_suffix",
}


class Expression(str):
    """What is Terraform's already."""

    __slots__ = ()


class Document(NamedTuple):
    """What CloudFormation takes as it is, and Terraform as a string of JSON."""

    value: Any


class Varied(NamedTuple):
    """What may be another value without packaging anew: a variable, and where in it."""

    variable: str
    keys: tuple[str, ...]
    value: Any


class Target(NamedTuple):
    """What a logical id stands for: a resource's address, and the attributes that Ref and Fn::GetAtt give of it."""

    address: str
    ref: str
    attributes: Mapping[str, str]


def is_intrinsic(value: Any) -> bool:  # noqa: ANN401 - a template's value
    """Tell whether a value is one of CloudFormation's functions."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def written(value: Any, targets: Mapping[str, Target]) -> Any:  # noqa: ANN401 - from a template, to a document
    """Return a value as Terraform's JSON has it. Raises GrailError for a function that we don't know."""
    if isinstance(value, Expression):
        return str(value)
    if isinstance(value, str):
        return _literal(value)
    if is_intrinsic(value):
        [(function, argument)] = value.items()
        return _called(function, argument, targets)
    if isinstance(value, Mapping):  # its keys are templates, too
        return {_literal(key): written(one, targets) for key, one in value.items()}
    if isinstance(value, list):
        return [written(one, targets) for one in value]
    return value


def _literal(text: str) -> str:
    return text.replace("${", "$${").replace("%{", "%%{")


def _called(function: str, argument: Any, targets: Mapping[str, Target]) -> str:  # noqa: ANN401
    match function, argument:
        case "Ref", str():
            return f"${{{_reference(argument, targets)}}}"
        case "Fn::GetAtt", [logical, attribute]:
            return _attribute(logical, attribute, targets)
        case "Fn::Sub", str():
            return _substituted(argument, {}, targets)
        case "Fn::Sub", [str() as text, dict() as values]:
            return _substituted(text, values, targets)
        case "Fn::Join", [str() as between, list() as parts]:
            return str(between.join(written(part, targets) for part in parts))
    message = f"Terraform: nothing stands for {function} of {argument!r} yet"
    raise GrailError(message)


def _reference(name: str, targets: Mapping[str, Target]) -> str:
    if name in PSEUDO:
        return PSEUDO[name]
    target = _target(name, targets)
    return f"{target.address}.{target.ref}"


def _attribute(logical: str, attribute: str, targets: Mapping[str, Target]) -> str:
    target = _target(logical, targets)
    if attribute not in target.attributes:
        message = f"Terraform: nothing stands for {logical}.{attribute} yet"
        raise GrailError(message)
    found = target.attributes[attribute]
    return found % target.address if "%s" in found else f"${{{target.address}.{found}}}"


def _target(name: str, targets: Mapping[str, Target]) -> Target:
    if name not in targets:
        message = f"Terraform: the template refers to {name}, which it does not have"
        raise GrailError(message)
    return targets[name]


def _substituted(text: str, values: Mapping[str, Any], targets: Mapping[str, Target]) -> str:
    """Return the text with its `${Name}`, `${Name.Attribute}` and, for a literal, `${!Name}`."""
    found = []
    for place, part in enumerate(re.split(r"\$\{([^}]*)\}", text)):
        if place % 2 == 0:
            found.append(_literal(part))
        elif part.startswith("!"):
            found.append(f"$${{{part[1:]}}}")
        elif part in values:
            found.append(str(written(values[part], targets)))
        elif "." in part:
            logical, _, attribute = part.partition(".")
            found.append(_attribute(logical, attribute, targets))
        else:
            found.append(f"${{{_reference(part, targets)}}}")
    return "".join(found)
