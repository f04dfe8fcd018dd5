"""The API's key and its usage plan."""

import json
from typing import Any

import pytest

from grail.stack import use

PLAN = {"rate_limit": 5.5, "burst_limit": 9, "quota_limit": 100, "quota_period": "DAY"}
SECRETS = {use.CLIENTS: "shop-prod"}


def test_the_key_is_the_secrets() -> None:
    """Its value is in no template: CloudFormation reads it where the key is made."""
    key = use.resources(PLAN, name="shop-prod", secrets=SECRETS)["ApiKeyUsage"]["Properties"]
    assert key == {
        "Name": "shop-prod",
        "Enabled": True,
        "Value": {"Fn::Sub": "{{resolve:secretsmanager:${ApiKey}:SecretString}}"},
    }


def test_the_plan_is_the_stages() -> None:
    """After the stage is there, with all that it limits."""
    made = use.resources(PLAN, name="shop-prod", secrets=SECRETS)
    assert made["UsagePlan"]["Properties"] == {
        "UsagePlanName": "shop-prod",
        "ApiStages": [{"ApiId": {"Ref": "RestAPI"}, "Stage": {"Ref": "RestAPI.Stage"}}],
        "Throttle": {"RateLimit": 5.5, "BurstLimit": 9},
        "Quota": {"Limit": 100, "Period": "DAY"},
    }
    assert made["ApiKeyInPlan"]["Properties"] == {
        "KeyId": {"Ref": "ApiKeyUsage"},
        "KeyType": "API_KEY",
        "UsagePlanId": {"Ref": "UsagePlan"},
    }


@pytest.mark.parametrize(
    ("setting", "absent"),
    [
        ({"rate_limit": 5, "burst_limit": 9}, {"Quota"}),
        ({"quota_limit": 1, "quota_period": "WEEK"}, {"Throttle"}),
        ({}, {"Throttle", "Quota"}),
    ],
)
def test_a_plan_limits_what_it_names(setting: dict[str, Any], absent: set[str]) -> None:
    """A rate, a quota, both or neither."""
    properties = use.resources(setting, name="shop-prod", secrets=SECRETS)["UsagePlan"]["Properties"]
    assert {"Throttle", "Quota"} - properties.keys() == absent
    assert "null" not in json.dumps(properties)
