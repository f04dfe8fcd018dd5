"""Who may use the API how much: its keys, and the usage plan that they are held to.

A key's value is a secret's, which only CloudFormation reads: it is in no template and no output.
"""

from collections.abc import Mapping
from typing import Any

from grail.localcloud.usage import UsagePlan

CLIENTS = "ApiKey"
"""The logical id of the secret with the clients' key."""


def resources(setting: Mapping[str, Any], *, name: str, secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return the plan of the API's stage, and its keys.

    `secrets` are those that hold their values, by logical id, with the names that their keys get.
    """
    plan = UsagePlan.read(setting)
    properties: dict[str, Any] = {
        "UsagePlanName": name,
        "ApiStages": [{"ApiId": {"Ref": "RestAPI"}, "Stage": {"Ref": "RestAPI.Stage"}}],  # made after the stage
    }
    if plan.rate_limit is not None:
        properties["Throttle"] = {"RateLimit": plan.rate_limit, "BurstLimit": plan.burst_limit}
    if plan.quota_limit is not None:
        properties["Quota"] = {"Limit": plan.quota_limit, "Period": plan.quota_period}
    found = {"UsagePlan": {"Type": "AWS::ApiGateway::UsagePlan", "Properties": properties}}
    for secret, key in secrets.items():
        found |= _key(key, secret)
    return found


def _key(name: str, secret: str) -> dict[str, Any]:
    """Return a key, and its place in the plan."""
    return {
        f"{secret}Usage": {
            "Type": "AWS::ApiGateway::ApiKey",
            "Properties": {
                "Name": name,
                "Enabled": True,
                "Value": {"Fn::Sub": f"{{{{resolve:secretsmanager:${{{secret}}}:SecretString}}}}"},
            },
        },
        f"{secret}InPlan": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            "Properties": {
                "KeyId": {"Ref": f"{secret}Usage"},
                "KeyType": "API_KEY",
                "UsagePlanId": {"Ref": "UsagePlan"},
            },
        },
    }
