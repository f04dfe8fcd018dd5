"""The bucket of what is deployed: templates and code, below a folder for each stage."""

from typing import Any

from grail.pipeline import names
from grail.stack.bucket import PRIVATE

KEPT_DAYS = 90
"""How long what was deployed can be had again, to go back to it."""


def resources(app: str, *, condition: str) -> dict[str, Any]:
    """Return the bucket and its policy, which stay when the stack goes, under a condition."""
    name = {"Fn::Sub": names.bucket(app)}
    arn = "arn:${AWS::Partition}:s3:::" + names.bucket(app)
    return {
        "Artifacts": {
            "Type": "AWS::S3::Bucket",
            "Condition": condition,
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BucketName": name,
                **PRIVATE,
                "LifecycleConfiguration": {"Rules": [_FORGET]},
            },
        },
        "ArtifactsPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Condition": condition,
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "Bucket": {"Ref": "Artifacts"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "OnlyTls",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [{"Fn::Sub": arn}, {"Fn::Sub": f"{arn}/*"}],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        },
    }


_FORGET = {
    "Id": "forget",
    "Status": "Enabled",
    "ExpirationInDays": KEPT_DAYS,
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
