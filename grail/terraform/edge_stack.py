"""A stage's template and its edge's as one, since a document has providers for both regions.

What CloudFormation needs parameters and a secret's copy for is then a reference.
"""

import re
from collections.abc import Mapping
from typing import Any

from grail.stack.edge_keys import REGION

PROVIDER = "aws.edge"
"""Of the resources that are the edge's, by their metadata `provider`."""

_VALUE_OF = "{{{{resolve:secretsmanager:{}:SecretString}}}}"
_NAME = re.compile(r"\$\{([^!][^}]*)\}")


def joined(template: Mapping[str, Any], edge: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stage's template with its edge's resources and outputs, whose ids begin with `edge-`."""
    known = {name: parameter.get("Default") for name, parameter in edge["Parameters"].items()}
    known |= {name: output["Value"] for name, output in template["Outputs"].items() if name in known}
    known |= {"AWS::Region": REGION, **_keys(template["Resources"])}
    resources = {
        _there(name): resource | {"Properties": _moved(resource["Properties"], known), "Metadata": _METADATA}
        for name, resource in edge["Resources"].items()
    }
    outputs = {_there(name): {"Value": _moved(output["Value"], known)} for name, output in edge["Outputs"].items()}
    return {
        **template,
        "Resources": template["Resources"] | resources,
        "Outputs": template["Outputs"] | outputs,
    }


_METADATA = {"provider": PROVIDER}


def _keys(resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands for the values of API keys, by how another stack refers to their secrets."""
    secrets = {
        _VALUE_OF.format(f"${{{name}}}"): _VALUE_OF.format(resource["Properties"]["Name"])
        for name, resource in resources.items()
        if resource["Type"] == "AWS::SecretsManager::Secret"
    }
    return {
        secrets[resource["Properties"]["Value"]["Fn::Sub"]]: {"Fn::GetAtt": [name, "Value"]}
        for name, resource in resources.items()
        if resource["Type"] == "AWS::ApiGateway::ApiKey"
    }


def _there(name: str) -> str:
    """Return an id of the edge's, which no function of the app can have: CloudFormation's have no dash."""
    return name if name.startswith("AWS::") else f"edge-{name}"


def _moved(value: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a template's value
    """Return a value of the edge's template as it stands beside the stage's resources."""
    match value:
        case {"Ref": str(name)}:
            return known.get(name, {"Ref": _there(name)})
        case {"Fn::GetAtt": [name, attribute]}:
            return {"Fn::GetAtt": [_there(name), attribute]}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": _NAME.sub(lambda found: known.get(found[1], f"${{{_there(found[1])}}}"), text)}
        case str():
            return known.get(value, value)
        case Mapping():
            return {name: _moved(one, known) for name, one in value.items()}
        case list():
            return [_moved(one, known) for one in value]
    return value
