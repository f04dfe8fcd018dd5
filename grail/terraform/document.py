"""A stage's Terraform document, of its one CloudFormation template: resource by resource, with the same logical ids."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from grail.errors import GrailError
from grail.stack.edge_keys import REGION
from grail.terraform import kinds, values
from grail.terraform.arguments import Given, Kind, Part
from grail.terraform.edge_stack import PROVIDER
from grail.terraform.values import Document, Expression, Target, Varied

_VARIABLES = {
    "region": ("string", "Where the stage is."),
    "package": ("string", "The file with the functions' code."),
    "log_days": ("number", "How long logs are kept."),
    "memory_size": ("map(number)", "Each function's memory, in MB."),
    "timeout": ("map(number)", "Each function's time, in seconds."),
    "environment": ("map(map(string))", "Each function's own environment variables."),
}
_KEPT = {"Retain", "RetainExceptOnCreate"}
_CODE_DEPLOYS = "CodeDeployServiceRole"
"""SAM's role for CodeDeploy."""


class Made(NamedTuple):
    """A document, and the stage's values of its variables."""

    document: dict[str, Any]
    variables: dict[str, Any]


def of(template: Mapping[str, Any], *, app: str, stage: str) -> Made:
    """Return a stage's document. Raises GrailError for what it can't say.

    Of its variables, `region` and `package` are the caller's to give.
    """
    writer = _Writer(template, app=app, stage=stage)
    return Made(writer.document(), writer.variables)


class _Writer:
    """Writes a document, and notes on the way what it is given apart: JSON as locals, what may vary as variables."""

    def __init__(self, template: Mapping[str, Any], *, app: str, stage: str) -> None:
        self._app, self._stage = app, stage
        self._outputs = template.get("Outputs", {})
        self._resources = {name: one for name, one in template["Resources"].items() if not _is_left_out(name, one)}
        self._targets = {name: _target(name, one) for name, one in self._resources.items()}
        self._types = {name: one["Type"] for name, one in self._resources.items()}
        self._locals: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}

    def document(self) -> dict[str, Any]:
        """Write all of it."""
        resources: dict[str, dict[str, Any]] = {}
        for name, resource in self._resources.items():
            for part in self._parts(name, resource):
                resources.setdefault(part.type, {})[part.name] = dict(part.arguments)
        document = {
            "terraform": {
                "required_version": ">= 1.11",
                "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 6.62"}},
                "backend": {"s3": {"key": f"{self._app}/{self._stage}.tfstate", "encrypt": True, "use_lockfile": True}},
            },
            "provider": {"aws": [{"region": "${var.region}"}, *self._others()]},
            "variable": {name: {"type": kind, "description": why} for name, (kind, why) in _VARIABLES.items()},
            "data": {kind: {"current": {}} for kind in kinds.DATA},
            "locals": self._locals,
            "resource": resources,
            "output": {
                name: {"value": values.written(output["Value"], self._targets)}
                for name, output in self._outputs.items()
            },
        }
        return {name: said for name, said in document.items() if said}  # or Terraform misses their labels

    def _others(self) -> Iterator[dict[str, str]]:
        """Return the providers beside the stage's own."""
        if any(resource.get("Metadata") for resource in self._resources.values()):
            yield {"alias": PROVIDER.partition(".")[2], "region": REGION}

    def _parts(self, name: str, resource: Mapping[str, Any]) -> Iterator[Part]:
        kind = kinds.KINDS[resource["Type"]]
        given = Given(name, resource.get("Properties", {}), f"{self._app}-{self._stage}", self._types)
        arguments = kind.main(given)
        after = [*self._after(resource), *self._policies(arguments)]
        if after:
            arguments["depends_on"] = [Expression(address) for address in sorted(set(after))]
        if resource.get("DeletionPolicy") in _KEPT:
            arguments["lifecycle"] = {**arguments.get("lifecycle", {}), "prevent_destroy": True}
        for part in (Part(kind.type, _name(name, kind), arguments), *kind.parts(given)):
            yield part._replace(arguments=self._written(part.name, {**part.arguments, **resource.get("Metadata", {})}))

    def _after(self, resource: Mapping[str, Any]) -> Iterator[str]:
        wanted = resource.get("DependsOn", [])
        for name in [wanted] if isinstance(wanted, str) else wanted:
            if name in self._targets:
                yield self._targets[name].address

    def _policies(self, arguments: Mapping[str, Any]) -> Iterator[str]:
        """Return what has to be there before a role is used, and is no part of it in Terraform."""
        for name in re.findall(r'"Fn::GetAtt": \["(\w+)", "Arn"\]', json.dumps(arguments)):
            if self._types.get(name) == "AWS::IAM::Role":
                role = Given(name, self._resources[name]["Properties"])
                for part in kinds.KINDS["AWS::IAM::Role"].parts(role):
                    yield f"{part.type}.{part.name}"

    def _written(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {
            argument: values.written(self._said(f"{name}_{argument}", value), self._targets)
            for argument, value in arguments.items()
        }

    def _said(self, place: str, value: Any) -> Any:  # noqa: ANN401 - a template's value
        """Return a value without documents and variables, which are noted."""
        match value:
            case Document():
                self._locals[place] = values.written(value.value, self._targets)
                return Expression(f"${{jsonencode(local.{place})}}")
            case Varied(variable, keys, given):
                self._note(variable, keys, given)
                return Expression(f"${{var.{'.'.join((variable, *keys))}}}")
            case Mapping():
                return {key: self._said(f"{place}_{key}", one) for key, one in value.items()}
        return value

    def _note(self, variable: str, keys: tuple[str, ...], value: Any) -> None:  # noqa: ANN401
        *path, last = (variable, *keys)
        place = self.variables
        for key in path:
            place = place.setdefault(key, {})
        place[last] = value


def _is_left_out(name: str, resource: Mapping[str, Any]) -> bool:
    """Tell whether only a deployment of CodeDeploy's needs a resource, or Terraform makes it by itself."""
    tells_nobody = resource["Type"] == "AWS::CloudWatch::Alarm" and not resource["Properties"].get("AlarmActions")
    return resource["Type"] in kinds.LEFT_OUT or name == _CODE_DEPLOYS or tells_nobody


def _target(name: str, resource: Mapping[str, Any]) -> Target:
    kind = kinds.KINDS.get(resource["Type"])
    if kind is None:
        message = f"Terraform: nothing stands for {resource['Type']} ({name}) yet"
        raise GrailError(message)
    return Target(f"{kind.type}.{_name(name, kind)}", kind.ref, kind.attributes)


def _name(logical: str, kind: Kind) -> str:
    """Return a resource's name: its logical id, without the hash that makes SAM's deployment a new one each time."""
    return re.sub(r"[0-9a-f]{10}$", "", logical) if kind.type == "aws_api_gateway_deployment" else logical
