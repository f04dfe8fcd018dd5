"""How a CloudFormation type is said in Terraform: most properties by the same name, in Terraform's spelling."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from grail.terraform.values import Document, is_intrinsic

Properties = Mapping[str, Any]
_LONGEST = 64
"""Characters of a role's or a rule's name (IAM and EventBridge quotas)."""


class Part(NamedTuple):
    """A resource beside the main one, by its type and name."""

    type: str
    name: str
    arguments: Mapping[str, Any]


class Given(NamedTuple):
    """A resource of the template: its logical id, its properties, what its stage's names begin with, and all types."""

    logical: str
    properties: Properties
    stage: str = ""
    types: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type's translation: the `type` that it becomes, and what Ref and Fn::GetAtt give of it.

    `names` are the arguments that have another name, `documents` the properties that become a string of JSON, `lifted`
    those whose contents stand one level higher, `apart` those that `arguments` and `parts` say; `named` is the argument
    for a name where the template leaves that to CloudFormation.
    """

    type: str
    ref: str = "id"
    attributes: Mapping[str, str] = field(default_factory=lambda: {"Arn": "arn"})
    names: Mapping[str, str] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    named: str | None = None
    arguments: Callable[[Given], Mapping[str, Any]] = lambda _: {}
    parts: Callable[[Given], Iterator[Part]] = lambda _: iter(())

    def main(self, given: Given) -> dict[str, Any]:
        """Return the main resource's arguments."""
        found = {} if self.named is None else {self.named: _name(f"{given.stage}-{given.logical}")}
        return found | self._arguments(self._kept(given.properties)) | dict(self.arguments(given))

    def _kept(self, properties: Properties) -> dict[str, Any]:
        return {name: value for name, value in properties.items() if name not in self.apart}

    def _arguments(self, properties: Properties) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in properties.items():
            argument = self.names.get(name) or spelled(name)
            if name in self.lifted:
                found |= self._arguments(self._kept(value))
            elif name in self.documents:
                found[argument] = Document(value)
            elif name in {"Tags", "Dimensions"}:
                found[argument] = mapping(value)
            else:
                found[argument] = self._nested(value)
        return found

    def _nested(self, value: Any) -> Any:  # noqa: ANN401 - a template's value
        if isinstance(value, Mapping) and not is_intrinsic(value):
            return self._arguments(value)
        if isinstance(value, list):
            return [self._nested(one) for one in value]
        return value


def _name(name: str) -> str:
    """Return a name, or of a long one its beginning and what tells it from others that begin so."""
    if len(name) <= _LONGEST:
        return name
    told = sha256(name.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST - 1 - len(told)]}-{told}"


def spelled(name: str) -> str:
    """Return a property's name in Terraform's spelling: KMSMasterKeyId is kms_master_key_id."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def mapping(pairs: Any) -> dict[str, Any]:  # noqa: ANN401 - a template's list
    """Return CloudFormation's list of keys (or names) and values as a map."""
    return {pair["Key" if "Key" in pair else "Name"]: pair["Value"] for pair in pairs}


def only(properties: Properties, *path: str) -> Any:  # noqa: ANN401 - a template's value
    """Return a property of a property, or None."""
    found: Any = properties
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
