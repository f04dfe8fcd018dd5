"""The data stack of a stage: what must outlive every deployment."""

from collections.abc import Mapping
from typing import Any

_PROTECTED_STAGE = "prod"


def table_name(app: str, stage: str) -> str:
    """Return the name of a stage's table: it follows from app and stage, so that policies can be literal."""
    return f"{app}-{stage}"


def template(*, app: str, stage: str, table: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the CloudFormation template.

    `table` is what the app declares: `key` (hash and sort attribute), `indexes` (name to such a pair), `ttl`
    (attribute) and `stream` (view type). Every key attribute is a string, every index projects all.
    """
    resources: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    if table is not None:
        resources["Table"] = _table(table_name(app, stage), table, protected=stage == _PROTECTED_STAGE)
        outputs["TableName"] = {"Value": {"Ref": "Table"}}
        outputs["TableStreamArn"] = {"Value": {"Fn::GetAtt": ["Table", "StreamArn"]}}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Data of {app}, stage {stage}",
        "Resources": resources,
        "Outputs": outputs,
    }


def _table(name: str, table: Mapping[str, Any], *, protected: bool) -> dict[str, Any]:
    """Return the table: pay per request, point-in-time recovery, TTL, stream; kept and undeletable in prod."""
    keys = [table["key"], *table["indexes"].values()]
    attributes = sorted({attribute for pair in keys for attribute in pair})
    kept = "Retain" if protected else "Delete"
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": kept,
        "UpdateReplacePolicy": kept,
        "Properties": {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in attributes],
            "KeySchema": _key_schema(table["key"]),
            "GlobalSecondaryIndexes": [
                {"IndexName": index, "KeySchema": _key_schema(pair), "Projection": {"ProjectionType": "ALL"}}
                for index, pair in table["indexes"].items()
            ],
            "TimeToLiveSpecification": {"AttributeName": table["ttl"], "Enabled": True},
            "StreamSpecification": {"StreamViewType": table["stream"]},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "DeletionProtectionEnabled": protected,
        },
    }


def _key_schema(pair: tuple[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": pair[0], "KeyType": "HASH"}, {"AttributeName": pair[1], "KeyType": "RANGE"}]
