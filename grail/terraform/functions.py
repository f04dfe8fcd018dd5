"""What runs: functions, their roles, and what calls them."""

from collections.abc import Iterator
from typing import Any

from grail.terraform.arguments import Given, Kind, Part, mapping
from grail.terraform.values import Document, Expression, Varied, is_intrinsic

_CODE = {
    "filename": Expression("${var.package}"),
    "source_code_hash": Expression("${filebase64sha256(var.package)}"),
    "publish": True,  # a version with each change, which the alias names
}


def _function(given: Given) -> dict[str, Any]:
    properties, logical = given.properties, given.logical
    variables = properties.get("Environment", {}).get("Variables", {})
    return {
        **_CODE,
        "tags": {name: value for name, value in mapping(properties["Tags"]).items() if value != "SAM"},
        "memory_size": Varied("memory_size", (logical,), properties["MemorySize"]),
        "timeout": Varied("timeout", (logical,), properties["Timeout"]),
        "environment": {
            "variables": {
                name: value if is_intrinsic(value) else Varied("environment", (logical, name), value)
                for name, value in variables.items()
            }
        },
    }


def _permission(given: Given) -> dict[str, Any]:
    """Return who is called: an alias, where Chalice's template names one, or the function itself."""
    [called] = given.properties["FunctionName"].values()
    name = called if isinstance(called, str) else called[0]
    if given.types[name] != "AWS::Lambda::Alias":
        return {"function_name": {"Ref": name}}
    return {
        "function_name": Expression(f"${{aws_lambda_alias.{name}.function_name}}"),
        "qualifier": Expression(f"${{aws_lambda_alias.{name}.name}}"),
    }


def _alias(given: Given) -> dict[str, Any]:
    function = given.properties["FunctionName"]["Ref"]
    return {"function_version": Expression(f"${{aws_lambda_function.{function}.version}}")}


def _alias_parts(given: Given) -> Iterator[Part]:
    properties = given.properties
    if "ProvisionedConcurrencyConfig" in properties:
        count = properties["ProvisionedConcurrencyConfig"]["ProvisionedConcurrentExecutions"]
        arguments = {
            "function_name": properties["FunctionName"],
            "qualifier": Expression(f"${{aws_lambda_alias.{given.logical}.name}}"),
            "provisioned_concurrent_executions": count,
        }
        yield Part("aws_lambda_provisioned_concurrency_config", given.logical, arguments)


def _role(given: Given) -> Iterator[Part]:
    role = {"role": {"Ref": given.logical}}
    for policy in given.properties.get("Policies", []):
        name = policy["PolicyName"]
        arguments = role | {"name": name, "policy": Document(policy["PolicyDocument"])}
        yield Part("aws_iam_role_policy", f"{given.logical}-{name}", arguments)
    for number, arn in enumerate(given.properties.get("ManagedPolicyArns", [])):
        yield Part("aws_iam_role_policy_attachment", f"{given.logical}-{number}", role | {"policy_arn": arn})


def _rule(given: Given) -> Iterator[Part]:
    for target in given.properties.get("Targets", []):
        arguments = {"rule": {"Ref": given.logical}, "target_id": target["Id"], "arn": target["Arn"]}
        yield Part("aws_cloudwatch_event_target", f"{given.logical}-{target['Id']}", arguments)


KINDS = {
    "AWS::Lambda::Function": Kind(
        type="aws_lambda_function",
        ref="function_name",
        apart=frozenset({"Code", "Environment", "MemorySize", "Tags", "Timeout"}),
        arguments=_function,
    ),
    "AWS::Lambda::Alias": Kind(
        type="aws_lambda_alias",
        ref="arn",
        attributes={"AliasArn": "arn"},
        apart=frozenset({"FunctionVersion", "ProvisionedConcurrencyConfig"}),
        arguments=_alias,
        parts=_alias_parts,
    ),
    "AWS::Lambda::EventInvokeConfig": Kind(type="aws_lambda_function_event_invoke_config"),
    "AWS::Lambda::EventSourceMapping": Kind(
        type="aws_lambda_event_source_mapping",
        names={"Destination": "destination_arn", "Filters": "filter"},
    ),
    "AWS::Lambda::Permission": Kind(
        type="aws_lambda_permission",
        apart=frozenset({"FunctionName"}),
        arguments=_permission,
    ),
    "AWS::IAM::Role": Kind(
        type="aws_iam_role",
        ref="name",
        names={"AssumeRolePolicyDocument": "assume_role_policy", "RoleName": "name"},
        documents=frozenset({"AssumeRolePolicyDocument"}),
        apart=frozenset({"ManagedPolicyArns", "Policies"}),
        named="name",
        parts=_role,
    ),
    "AWS::Events::Rule": Kind(
        type="aws_cloudwatch_event_rule",
        ref="name",
        documents=frozenset({"EventPattern"}),
        apart=frozenset({"Targets"}),
        named="name",
        parts=_rule,
    ),
}
