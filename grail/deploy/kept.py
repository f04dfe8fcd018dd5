"""What CloudFormation made and somebody may have changed since: queues, table, logs, usage plan.

CloudFormation changes nothing whose template is the same: these are mended by their own APIs.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from grail.deploy import clients
from grail.deploy.findings import Finding, compared

_PLAN = {
    "Throttle": {"RateLimit": "rateLimit", "BurstLimit": "burstLimit"},
    "Quota": {"Limit": "limit", "Period": "period"},
}


def findings(resources: Mapping[str, Any], *, stack: str) -> Iterator[Finding]:
    """Yield what differs from a template's resources, whose references are resolved.

    What is gone of the `stack` beside the API is made again with that stack: CloudFormation misses nothing.
    """
    again = f"CloudFormation misses nothing: delete the stack {stack}, then `make deploy`; docs/delivery.md"
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
                yield from _of_plan(properties, again)
            case "AWS::ApiGateway::ApiKey":
                yield from _of_key(properties, again)
            case "AWS::Lambda::EventInvokeConfig":
                yield from _of_given_up(properties)


def _of_queue(properties: Mapping[str, Any]) -> Iterator[Finding]:
    client = clients.of("sqs")
    name = properties["QueueName"]
    wanted = {key: value for key, value in properties.items() if key != "QueueName"}
    attributes = {
        key: json.dumps(value) if isinstance(value, Mapping | bool) else str(value) for key, value in wanted.items()
    }
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
    except client.exceptions.QueueDoesNotExist:
        mend = partial(client.create_queue, QueueName=name, Attributes=attributes)
        yield Finding(f"queue {name} is not there", mend)
        return
    live = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    if live.get("Policy"):
        mend = partial(client.set_queue_attributes, QueueUrl=url, Attributes={"Policy": ""})
        yield Finding(f"queue {name}: it has a policy, which is not declared", mend)
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
    client = clients.of("dynamodb")
    name = properties["TableName"]
    described = clients.found(lambda: client.describe_table(TableName=name))
    if described is None:
        yield Finding(f"table {name} is not there", hint="restore its backup under this name")
        return
    table = described["Table"]
    if not table.get("StreamSpecification", {}).get("StreamEnabled"):
        other = "turn it on, and have its functions read the new one"  # the stack goes on telling of the old one
        yield Finding(f"table {name}: it has no stream", hint=other)
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
    client = clients.of("logs")
    name, days = properties["LogGroupName"], properties["RetentionInDays"]
    found = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    live = next((group for group in found if group["logGroupName"] == name), None)
    if live is None:
        yield Finding(f"log {name} is not there", partial(_make_log, name, days))
        return
    mend = partial(client.put_retention_policy, logGroupName=name, retentionInDays=days)
    yield from compared(f"log {name}", {"days": live.get("retentionInDays")}, {"days": days}, mend)


def _make_log(name: str, days: int) -> None:
    client = clients.of("logs")
    client.create_log_group(logGroupName=name)
    client.put_retention_policy(logGroupName=name, retentionInDays=days)


def _of_given_up(properties: Mapping[str, Any]) -> Iterator[Finding]:
    client = clients.of("lambda")
    name, wanted = properties["FunctionName"], properties["DestinationConfig"]["OnFailure"]
    found = clients.found(lambda: client.get_function_event_invoke_config(FunctionName=name)) or {}
    live = found.get("DestinationConfig", {})
    mend = partial(client.put_function_event_invoke_config, FunctionName=name, DestinationConfig={"OnFailure": wanted})
    what = f"function {name}, what it gives up"
    yield from compared(what, live.get("OnFailure", {}), {"Destination": wanted["Destination"]}, mend)


def _of_key(properties: Mapping[str, Any], again: str) -> Iterator[Finding]:
    client = clients.of("apigateway")
    name = properties["Name"]
    pages = client.get_paginator("get_api_keys").paginate(nameQuery=name)
    key = next((key for page in pages for key in page["items"] if key["name"] == name), None)
    if key is None:
        yield Finding(f"API key {name} is not there", hint=again)
    elif not key["enabled"]:
        enable = [{"op": "replace", "path": "/enabled", "value": "true"}]
        yield Finding(
            f"API key {name}: it is switched off",
            partial(client.update_api_key, apiKey=key["id"], patchOperations=enable),
        )


def _of_plan(properties: Mapping[str, Any], again: str) -> Iterator[Finding]:
    client = clients.of("apigateway")
    name = properties["UsagePlanName"]
    plans = [plan for page in client.get_paginator("get_usage_plans").paginate() for plan in page["items"]]
    plan = next((plan for plan in plans if plan["name"] == name), None)
    if plan is None:
        yield Finding(f"usage plan {name} is not there", hint=again)
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
