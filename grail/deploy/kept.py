"""What CloudFormation made and somebody may have changed since: queues, table, logs, usage plan.

CloudFormation changes nothing whose template is the same: these are mended by their own APIs.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from grail.deploy.findings import Finding, compared
from grail.deploy.state import exists

_PLAN = {
    "Throttle": {"RateLimit": "rateLimit", "BurstLimit": "burstLimit"},
    "Quota": {"Limit": "limit", "Period": "period"},
}


def findings(resources: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what differs from a template's resources, whose references are resolved."""
    for resource in resources.values():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::SQS::Queue":
                yield from _of_queue(properties)
            case "AWS::DynamoDB::Table":
                yield from _of_table(properties)
            case "AWS::Logs::LogGroup":
                yield from _of_log(properties)
            case "AWS::ApiGateway::UsagePlan":
                yield from _of_plan(properties)


def _of_queue(properties: Mapping[str, Any]) -> Iterator[Finding]:
    client: Any = boto3.client("sqs")
    name = properties["QueueName"]
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
    except client.exceptions.QueueDoesNotExist:
        yield Finding(f"queue {name} is not there")
        return
    live = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wanted = {key: value for key, value in properties.items() if key != "QueueName"}
    attributes = {
        key: json.dumps(value) if isinstance(value, Mapping | bool) else str(value) for key, value in wanted.items()
    }
    seen = {key: _read(live.get(key), like=value) for key, value in wanted.items()}
    yield from compared(
        f"queue {name}", seen, wanted, partial(client.set_queue_attributes, QueueUrl=url, Attributes=attributes)
    )


def _read(attribute: str | None, *, like: Any) -> Any:  # noqa: ANN401 - a template's value
    """Return an attribute, which is a text, as the kind of value that a template has."""
    if attribute is None:
        return None
    return attribute if isinstance(like, str) else json.loads(attribute)


def _of_table(properties: Mapping[str, Any]) -> Iterator[Finding]:
    client: Any = boto3.client("dynamodb")
    name = properties["TableName"]
    try:
        table = client.describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        yield Finding(f"table {name} is not there")
        return
    protected = {"DeletionProtectionEnabled": properties["DeletionProtectionEnabled"]}
    live = {"DeletionProtectionEnabled": table.get("DeletionProtectionEnabled", False)}
    yield from compared(f"table {name}", live, protected, partial(client.update_table, TableName=name, **protected))
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = {"PointInTimeRecoveryEnabled": True}
    is_on = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    mend = partial(client.update_continuous_backups, TableName=name, PointInTimeRecoverySpecification=recovery)
    yield from compared(f"table {name}", {"PointInTimeRecoveryEnabled": is_on}, recovery, mend)
    expiry = properties["TimeToLiveSpecification"]
    found = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    live = {
        "AttributeName": found.get("AttributeName"),
        "Enabled": found["TimeToLiveStatus"] in {"ENABLED", "ENABLING"},
    }
    mend = partial(client.update_time_to_live, TableName=name, TimeToLiveSpecification=expiry)
    yield from compared(f"table {name}, time to live", live, expiry, mend)


def _of_log(properties: Mapping[str, Any]) -> Iterator[Finding]:
    client: Any = boto3.client("logs")
    name, days = properties["LogGroupName"], properties["RetentionInDays"]
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    live = next((group for group in found if group["logGroupName"] == name), None)
    if live is None:
        yield Finding(f"log {name} is not there", partial(_make_log, name, days))
        return
    mend = partial(client.put_retention_policy, logGroupName=name, retentionInDays=days)
    yield from compared(f"log {name}", {"days": live.get("retentionInDays")}, {"days": days}, mend)


def _make_log(name: str, days: int) -> None:
    client: Any = boto3.client("logs")
    exists(lambda: client.create_log_group(logGroupName=name))
    client.put_retention_policy(logGroupName=name, retentionInDays=days)


def _of_plan(properties: Mapping[str, Any]) -> Iterator[Finding]:
    client: Any = boto3.client("apigateway")
    name = properties["UsagePlanName"]
    plans = [plan for page in client.get_paginator("get_usage_plans").paginate() for plan in page["items"]]
    plan = next((plan for plan in plans if plan["name"] == name), None)
    if plan is None:
        yield Finding(f"usage plan {name} is not there")
        return
    wanted = _limits(properties)
    live: dict[str, Any] = {}
    for part, names in _PLAN.items():
        live |= {f"{part.lower()}/{ours}": plan.get(part.lower(), {}).get(ours) for ours in names.values()}
    operations = [{"op": "replace", "path": f"/{path}", "value": str(value)} for path, value in wanted.items()]
    mend = partial(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=operations)
    yield from compared(f"usage plan {name}", live, wanted, mend)
    [place] = properties["ApiStages"]
    if not any(one.get("apiId") == place["ApiId"] and one.get("stage") == place["Stage"] for one in plan["apiStages"]):
        stage = [{"op": "add", "path": "/apiStages", "value": f"{place['ApiId']}:{place['Stage']}"}]
        mend = partial(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=stage)
        yield Finding(f"usage plan {name}: it does not hold for the API's stage", mend)


def _limits(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{part.lower()}/{ours}": properties[part][theirs]
        for part, names in _PLAN.items()
        if part in properties
        for theirs, ours in names.items()
    }
