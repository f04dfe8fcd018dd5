"""The properties that moto 5.2's CloudFormation overlooks, and without which the embedded AWS is another than AWS.

Its services know them, so they are read from the template that was created, and applied as a client does.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CORSRuleTypeDef


def apply(template: Mapping[str, Any]) -> None:
    """Apply what was overlooked of a template's tables and buckets, which it must name literally."""
    for resource in template["Resources"].values():
        match resource:
            case {"Type": "AWS::DynamoDB::Table", "Properties": properties}:
                _apply_to_table(properties)
            case {"Type": "AWS::S3::Bucket", "Properties": properties}:
                _apply_to_bucket(properties)


def _apply_to_table(properties: Mapping[str, Any]) -> None:
    boto3.client("dynamodb").update_time_to_live(
        TableName=properties["TableName"], TimeToLiveSpecification=properties["TimeToLiveSpecification"]
    )


def _apply_to_bucket(properties: Mapping[str, Any]) -> None:
    """Turn EventBridge on and versions, and let a browser's pages in."""
    s3 = boto3.client("s3")
    name = properties["BucketName"]
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=properties["VersioningConfiguration"])
    told = properties.get("NotificationConfiguration", {}).get("EventBridgeConfiguration", {})
    if told.get("EventBridgeEnabled", False):
        s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    if "CorsConfiguration" in properties:
        rules = [_cors_rule(rule) for rule in properties["CorsConfiguration"]["CorsRules"]]
        s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": rules})


def _cors_rule(rule: Mapping[str, Any]) -> "CORSRuleTypeDef":
    """Spell a rule as S3's API does."""
    return {
        "AllowedOrigins": rule["AllowedOrigins"],
        "AllowedMethods": rule["AllowedMethods"],
        "AllowedHeaders": rule["AllowedHeaders"],
        "ExposeHeaders": rule["ExposedHeaders"],
        "MaxAgeSeconds": rule["MaxAge"],
    }
