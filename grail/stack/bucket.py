"""A stage's bucket of files: nobody's but the account's, and a browser's only with a presigned form or URL."""

from collections.abc import Mapping, Sequence
from typing import Any

PRIVATE: Mapping[str, Any] = {
    "PublicAccessBlockConfiguration": {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    },
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "BucketEncryption": {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    },
    "VersioningConfiguration": {"Status": "Enabled"},
}
"""What any bucket has: nobody's but the account's, encrypted, versioned."""


def bucket_resources(name: str, wanted: Mapping[str, Any], *, origins: Sequence[str]) -> dict[str, Any]:
    """Return the bucket and its policy.

    `wanted` is what the app declares, all of it optional: `expire_days` (prefix to the days after which what is below
    it is removed) and `cors` (the name of the environment variable that has the `origins`, whose pages may upload to
    it and download from it).
    """
    properties: dict[str, Any] = {
        "BucketName": name,
        **PRIVATE,
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "LifecycleConfiguration": {
            "Rules": [_ABORT_UPLOADS, _FORGET, *map(_expiry, wanted.get("expire_days", {}).items())]
        },
    }
    if origins:
        properties["CorsConfiguration"] = {"CorsRules": [_browsers(origins)]}
    return {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": properties},
        "FilesPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Files"},
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [_ONLY_TLS]},
            },
        },
    }


_ABORT_UPLOADS = {
    "Id": "abort-incomplete-uploads",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
_FORGET = {
    "Id": "forget-what-was-deleted",
    "Status": "Enabled",
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "ExpiredObjectDeleteMarker": True,
}
"""What is deleted or written over by mistake can be had back for this long; then it is gone, as its owner asked."""
_ONLY_TLS = {
    "Sid": "OnlyTls",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": [{"Fn::GetAtt": ["Files", "Arn"]}, {"Fn::Sub": "${Files.Arn}/*"}],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _expiry(rule: tuple[str, int]) -> dict[str, Any]:
    prefix, days = rule
    return {"Id": f"expire-{prefix}", "Status": "Enabled", "Prefix": prefix, "ExpirationInDays": days}


def _browsers(origins: Sequence[str]) -> dict[str, Any]:
    return {
        "AllowedOrigins": list(origins),
        "AllowedMethods": ["GET", "POST"],
        "AllowedHeaders": ["*"],
        "ExposedHeaders": ["ETag"],
        "MaxAge": 3600,
    }
