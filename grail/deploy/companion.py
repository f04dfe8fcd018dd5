"""The stack beside what `chalice deploy` makes: what the packaged template has, and Chalice's API calls have not.

It is that template's own, without the data, and without what needs an alias; it takes the API's id as a parameter.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from grail.deploy.intrinsics import resolved
from grail.project import Project
from grail.stack import data, deployment, event_sources, settings
from grail.stack.functions import Caller, Function
from grail.stack.parts import Parts

API = "RestAPI"
"""The parameter with the API's id: named as what the packaged template refers to."""


def template(project: Project, stage: str, parts: Parts, overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template, of a stage's overlay; without resources where the stage needs none."""
    kept = data.template_of(project, stage)
    chosen = settings.read(project, stage)
    of_versions = {
        alarm
        for function in parts.functions
        for alarm in deployment.alarms(function, chosen.deployment, prefix=parts.name)
    }
    left_out = {*kept["Resources"], *of_versions, *(f"{function.logical}Logs" for function in parts.functions)}
    known = {
        **{f"{function.logical}.Alias": function.lambda_name for function in parts.functions},
        "ApiKey": data.api_key_name(project.name, stage),
        f"{API}.Stage": parts.api_stage or "",
    }
    resources = {
        name: _alone(resolved(resource, known, strict=False))
        for name, resource in overlay["Resources"].items()
        if "Type" in resource and name not in left_out
    } | _given_up(parts.functions)
    url = f"https://${{{API}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{parts.api_stage}/"
    outputs = {name: value for name, value in overlay["Outputs"].items() if name not in kept["Outputs"]}
    if parts.api_stage:
        outputs["EndpointURL"] = {"Value": {"Fn::Sub": url}}  # as Chalice's packages say it
    roles = [name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"]
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Beside the API of {project.name}, stage {stage}",
        **({"Parameters": {API: {"Type": "String"}}} if parts.api_stage else {}),
        **({"Conditions": overlay["Conditions"]} if "Conditions" in overlay else {}),
        "Resources": resources,
        "Outputs": outputs | {f"{name}Arn": {"Value": {"Fn::GetAtt": [name, "Arn"]}} for name in roles},
    }


def _alone(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource that waits for none of Chalice's, which are there."""
    return {name: value for name, value in resource.items() if not (name == "DependsOn" and value == [API])}


def _given_up(functions: Iterable[Function]) -> dict[str, Any]:
    """Return what sends the events that functions failed at to the queue for them."""
    return {
        f"{function.logical}GivenUp": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": function.lambda_name,
                "Qualifier": "$LATEST",
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": [event_sources.FAILURES, "Arn"]}}},
            },
        }
        for function in functions
        if function.caller is Caller.EVENT
    }
