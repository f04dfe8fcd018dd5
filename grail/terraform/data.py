"""What keeps data: the table, queues, the bucket, the users, logs, secrets, keys."""

from collections.abc import Iterator
from typing import Any

from grail.terraform.arguments import Given, Kind, Part, only
from grail.terraform.values import Varied


def _table(given: Given) -> dict[str, Any]:
    properties = given.properties
    kinds = {"HASH": "hash_key", "RANGE": "range_key"}
    found: dict[str, Any] = {kinds[key["KeyType"]]: key["AttributeName"] for key in properties["KeySchema"]}
    found["attribute"] = [
        {"name": attribute["AttributeName"], "type": attribute["AttributeType"]}
        for attribute in properties["AttributeDefinitions"]
    ]
    if "StreamSpecification" in properties:
        found |= {"stream_enabled": True, "stream_view_type": properties["StreamSpecification"]["StreamViewType"]}
    encrypted = properties.get("SSESpecification")
    if encrypted:
        key = {"kms_key_arn": encrypted["KMSMasterKeyId"]} if "KMSMasterKeyId" in encrypted else {}
        found["server_side_encryption"] = {"enabled": True, **key}
    return found


def _bucket(given: Given) -> Iterator[Part]:
    """Return what is a property of a bucket in CloudFormation, and a resource beside it in Terraform."""
    properties, bucket = given.properties, {"bucket": {"Ref": given.logical}}

    def part(kind: str, arguments: dict[str, Any]) -> Part:
        return Part(f"aws_s3_bucket_{kind}", given.logical, bucket | arguments)

    if blocked := properties.get("PublicAccessBlockConfiguration"):
        yield part("public_access_block", _BLOCKED.main(Given("", blocked)))
    if versioned := only(properties, "VersioningConfiguration", "Status"):
        yield part("versioning", {"versioning_configuration": {"status": versioned}})
    if rules := only(properties, "OwnershipControls", "Rules"):
        yield part("ownership_controls", {"rule": {"object_ownership": rules[0]["ObjectOwnership"]}})
    for rule in only(properties, "BucketEncryption", "ServerSideEncryptionConfiguration") or []:
        how = {"sse_algorithm": rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"]}
        encryption = {"rule": {"apply_server_side_encryption_by_default": how}}
        yield part("server_side_encryption_configuration", encryption)
    if rules := only(properties, "LifecycleConfiguration", "Rules"):
        yield part("lifecycle_configuration", {"rule": [_lifecycle(rule) for rule in rules]})
    if rules := only(properties, "CorsConfiguration", "CorsRules"):
        yield part("cors_configuration", _CORS.main(Given("", {"CorsRules": rules})))
    if only(properties, "NotificationConfiguration", "EventBridgeConfiguration"):
        yield part("notification", {"eventbridge": True})


_BLOCKED = Kind(type="")
_CORS = Kind(type="", names={"CorsRules": "cors_rule", "ExposedHeaders": "expose_headers", "MaxAge": "max_age_seconds"})


def _lifecycle(rule: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": rule["Id"],
        "status": rule["Status"],
        "filter": {"prefix": rule["Prefix"]} if "Prefix" in rule else {},
    }
    expiration = {}
    if "ExpirationInDays" in rule:
        expiration["days"] = rule["ExpirationInDays"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["expired_object_delete_marker"] = rule["ExpiredObjectDeleteMarker"]
    if expiration:
        found["expiration"] = expiration
    if aborted := only(rule, "AbortIncompleteMultipartUpload", "DaysAfterInitiation"):
        found["abort_incomplete_multipart_upload"] = {"days_after_initiation": aborted}
    if forgotten := only(rule, "NoncurrentVersionExpiration", "NoncurrentDays"):
        found["noncurrent_version_expiration"] = {"noncurrent_days": forgotten}
    return found


KINDS = {
    "AWS::DynamoDB::Table": Kind(
        type="aws_dynamodb_table",
        ref="name",
        attributes={"Arn": "arn", "StreamArn": "stream_arn"},
        names={
            "TableName": "name",
            "GlobalSecondaryIndexes": "global_secondary_index",
            "IndexName": "name",
            "PointInTimeRecoverySpecification": "point_in_time_recovery",
            "PointInTimeRecoveryEnabled": "enabled",
            "TimeToLiveSpecification": "ttl",
        },
        lifted=frozenset({"Projection"}),
        apart=frozenset({"AttributeDefinitions", "KeySchema", "SSESpecification", "StreamSpecification"}),
        arguments=_table,
    ),
    "AWS::SQS::Queue": Kind(
        type="aws_sqs_queue",
        ref="url",
        names={
            "QueueName": "name",
            "MaximumMessageSize": "max_message_size",
            "MessageRetentionPeriod": "message_retention_seconds",
            "VisibilityTimeout": "visibility_timeout_seconds",
        },
        documents=frozenset({"RedriveAllowPolicy", "RedrivePolicy"}),
        named="name",
    ),
    "AWS::S3::Bucket": Kind(
        type="aws_s3_bucket",
        ref="bucket",
        names={"BucketName": "bucket"},
        apart=frozenset(
            {
                "BucketEncryption",
                "CorsConfiguration",
                "LifecycleConfiguration",
                "NotificationConfiguration",
                "OwnershipControls",
                "PublicAccessBlockConfiguration",
                "VersioningConfiguration",
            }
        ),
        parts=_bucket,
    ),
    "AWS::S3::BucketPolicy": Kind(
        type="aws_s3_bucket_policy",
        names={"PolicyDocument": "policy"},
        documents=frozenset({"PolicyDocument"}),
    ),
    "AWS::Cognito::UserPool": Kind(
        type="aws_cognito_user_pool",
        attributes={"Arn": "arn", "ProviderURL": "https://${%s.endpoint}"},
        names={"UserPoolName": "name", "RecoveryMechanisms": "recovery_mechanism"},
        lifted=frozenset({"Policies"}),
    ),
    "AWS::Cognito::UserPoolClient": Kind(
        type="aws_cognito_user_pool_client",
        names={"ClientName": "name"},
    ),
    "AWS::Logs::LogGroup": Kind(
        type="aws_cloudwatch_log_group",
        ref="name",
        names={"LogGroupName": "name"},
        apart=frozenset({"RetentionInDays"}),
        arguments=lambda given: {"retention_in_days": Varied("log_days", (), given.properties["RetentionInDays"])},
    ),
    "AWS::SecretsManager::Secret": Kind(
        type="aws_secretsmanager_secret",
        ref="arn",
        # API Gateway makes the value (gateway.py), and the edge needs no copy in its own region (edge_stack.py).
        apart=frozenset({"GenerateSecretString", "ReplicaRegions"}),
        arguments=lambda _: {"recovery_window_in_days": 0},  # or a stage could not be made again for a month
    ),
    "AWS::KMS::Key": Kind(
        type="aws_kms_key",
        ref="key_id",
        names={"KeyPolicy": "policy"},
        documents=frozenset({"KeyPolicy"}),
    ),
    "AWS::KMS::Alias": Kind(
        type="aws_kms_alias",
        ref="name",
        names={"AliasName": "name"},
    ),
}
