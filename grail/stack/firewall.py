"""What is refused before it reaches the API: known attacks, and an address that sends too much."""

from typing import Any

_FIVE_MINUTES = 300
_MANAGED = {
    "AWSManagedRulesKnownBadInputsRuleSet": [],
    # It refuses bodies over 8 KB; what the API takes, it says itself.
    "AWSManagedRulesCommonRuleSet": ["SizeRestrictions_BODY"],
}
"""AWS's rules, and those of them that only count."""


def resources(name: str, *, rate_limit: int) -> dict[str, Any]:
    """Return the web ACL `name`. An address may send `rate_limit` requests in five minutes; then it gets 429."""
    too_many = {
        "Name": "rate",
        "Statement": {
            "RateBasedStatement": {
                "Limit": rate_limit,
                "EvaluationWindowSec": _FIVE_MINUTES,
                "AggregateKeyType": "IP",
            }
        },
        "Action": {"Block": {"CustomResponse": {"ResponseCode": 429, "CustomResponseBodyKey": "rate"}}},
    }
    rules = [too_many, *(_managed(group, counted) for group, counted in _MANAGED.items())]
    return {
        "Firewall": {
            "Type": "AWS::WAFv2::WebACL",
            "Properties": {
                "Name": name,
                "Scope": "CLOUDFRONT",
                "DefaultAction": {"Allow": {}},
                "CustomResponseBodies": {
                    "rate": {
                        "ContentType": "APPLICATION_JSON",
                        "Content": '{"type": "about:blank", "title": "Too Many Requests", "status": 429}',
                    }
                },
                "Rules": [
                    {**rule, "Priority": priority, "VisibilityConfig": _seen(rule["Name"])}
                    for priority, rule in enumerate(rules)
                ],
                "VisibilityConfig": _seen(name),
            },
        }
    }


def _managed(group: str, counted: list[str]) -> dict[str, Any]:
    statement: dict[str, Any] = {"VendorName": "AWS", "Name": group}
    if counted:
        statement["RuleActionOverrides"] = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted]
    return {
        "Name": group,
        "Statement": {"ManagedRuleGroupStatement": statement},
        "OverrideAction": {"None": {}},
    }


def _seen(name: str) -> dict[str, Any]:
    return {"MetricName": name, "CloudWatchMetricsEnabled": True, "SampledRequestsEnabled": True}
