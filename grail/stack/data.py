"""The data stack of a stage: what must outlive every deployment."""

from collections.abc import Mapping, Sequence
from typing import Any

from grail.project import Project
from grail.stack import logs, table_key, users
from grail.stack.bucket import bucket_resources
from grail.stack.queues import queue_resources
from grail.stack.settings import Settings, read

_PROTECTED_STAGE = "prod"


def stack_name(app: str, stage: str) -> str:
    """Return the name of a stage's data stack."""
    return f"{app}-{stage}-data"


def table_name(app: str, stage: str) -> str:
    """Return the name of a stage's table: it follows from app and stage, so that policies can be literal."""
    return f"{app}-{stage}"


def queue_name(app: str, stage: str, name: str) -> str:
    """Return the name of a stage's queue, which the app calls by a short name."""
    return f"{app}-{stage}-{name}"


def dead_letters_name(app: str, stage: str, name: str) -> str:
    """Return the name of the queue where the dead letters of a stage's queue are."""
    return f"{queue_name(app, stage, name)}-dlq"


def bucket_name(app: str, stage: str) -> str:
    """Return the name of a stage's bucket. Buckets of all of AWS's accounts share one namespace."""
    return f"{app}-{stage}-files"


def api_key_name(app: str, stage: str) -> str:
    """Return the name of the secret that holds a stage's API key."""
    return f"{app}-{stage}-api-key"


def template_of(project: Project, stage: str, *, functions: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the template of a project's stage: an API key where it has a usage plan, users where it wants a pool.

    `functions`, by their logical ids, are the names in Lambda of those that have logs. Raises GrailError.
    """
    bucket = project.registered("bucket")
    return template(
        app=project.name,
        stage=stage,
        table=project.registered("table"),
        queues=project.registered("queues"),
        bucket=bucket,
        origins=[] if bucket is None else _origins(bucket, project.environment(stage)),
        functions=functions,
        settings=read(project, stage),
    )


def _origins(bucket: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Return the origins in the variable that the bucket's `cors` names, between spaces or commas."""
    return environment.get(bucket.get("cors", ""), "").replace(",", " ").split()


def template(
    *,
    app: str,
    stage: str,
    table: Mapping[str, Any] | None,
    queues: Mapping[str, Any] | None = None,
    bucket: Mapping[str, Any] | None = None,
    origins: Sequence[str] = (),
    functions: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Return the CloudFormation template.

    `table` is what the app declares: `key` (hash and sort attribute), `indexes` (name to such a pair), `ttl`
    (attribute) and `stream` (view type). Every key attribute is a string, every index projects all. `queues` (short
    name to what `queue_resources` wants) and `bucket` (what `bucket_resources` wants) it declares too; pages of the
    `origins` may use the bucket. `functions` have logs.
    """
    settings = settings or Settings()
    protected = stage == _PROTECTED_STAGE
    resources: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    if table is not None:
        resources["Table"] = _table(table_name(app, stage), table, key=settings.table_key, protected=protected)
        resources |= table_key.resources(table_name(app, stage), settings.table_key)
        outputs["TableName"] = {"Value": {"Ref": "Table"}}
        outputs["TableStreamArn"] = {"Value": {"Fn::GetAtt": ["Table", "StreamArn"]}}
    for name, wanted in (queues or {}).items():
        resources |= queue_resources(
            name, wanted, queue=queue_name(app, stage, name), dead_letters=dead_letters_name(app, stage, name)
        )
    if bucket is not None:
        resources |= bucket_resources(bucket_name(app, stage), bucket, origins=origins)
    if settings.usage_plan is not None and settings.edge is None:  # an edge has keys of its own
        resources["ApiKey"] = _api_key(api_key_name(app, stage))
    if settings.user_pool:
        resources |= users.resources(f"{app}-{stage}", protected=protected)
        outputs |= users.OUTPUTS
    resources |= logs.groups(functions or {}, days=settings.log_days)
    for resource in resources.values():
        # What a failed deployment has just made goes with it, or the next one would find its name taken.
        resource["DeletionPolicy"] = "RetainExceptOnCreate" if protected else "Delete"
        resource["UpdateReplacePolicy"] = "Retain" if protected else "Delete"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Data of {app}, stage {stage}",
        "Resources": resources,
        "Outputs": outputs,
    }


def _table(name: str, table: Mapping[str, Any], *, key: str, protected: bool) -> dict[str, Any]:
    """Return the table: pay per request, point-in-time recovery, TTL, stream; undeletable in prod."""
    keys = [table["key"], *table["indexes"].values()]
    attributes = sorted({attribute for pair in keys for attribute in pair})
    return {
        "Type": "AWS::DynamoDB::Table",
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
            **table_key.of_table(key),
        },
    }


def _key_schema(pair: tuple[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": pair[0], "KeyType": "HASH"}, {"AttributeName": pair[1], "KeyType": "RANGE"}]


def _api_key(name: str) -> dict[str, Any]:
    """Return the secret of an API key, of 40 characters as API Gateway's own (it takes 20 to 128)."""
    return {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Name": name, "GenerateSecretString": {"PasswordLength": 40, "ExcludePunctuation": True}},
    }
