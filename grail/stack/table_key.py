"""Whose key encrypts the table: DynamoDB's own, one that AWS keeps in the account, or the stage's own.

DynamoDB's own costs nothing, and nobody sees its use. Either other is KMS's: CloudTrail shows its use, which costs; the
stage's own can also be switched off, and everything in the table with it.
"""

from typing import Any

OWNED, _MANAGED, CUSTOMER = CHOICES = ("owned", "managed", "customer")
_KEY = "TableKey"


def of_table(choice: str) -> dict[str, Any]:
    """Return the table's property."""
    if choice == OWNED:
        return {}
    found: dict[str, Any] = {"SSEEnabled": True, "SSEType": "KMS"}
    if choice == CUSTOMER:
        found["KMSMasterKeyId"] = {"Fn::GetAtt": [_KEY, "Arn"]}
    return {"SSESpecification": found}


def resources(name: str, choice: str) -> dict[str, Any]:
    """Return the stage's own key, and its alias.

    Its policy lets whoever may use the table use the key through it, as that of AWS's own key does: a function's policy
    is the same with any choice.
    """
    if choice != CUSTOMER:
        return {}
    return {
        _KEY: {
            "Type": "AWS::KMS::Key",
            "Properties": {
                "Description": f"Encrypts the table {name}",
                "EnableKeyRotation": True,
                "KeyPolicy": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "Administer",
                            "Effect": "Allow",
                            "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
                            "Action": "kms:*",
                            "Resource": "*",
                        },
                        {
                            "Sid": "ThroughTheTable",
                            "Effect": "Allow",
                            "Principal": {"AWS": "*"},
                            "Action": [
                                "kms:CreateGrant",
                                "kms:Decrypt",
                                "kms:DescribeKey",
                                "kms:Encrypt",
                                "kms:GenerateDataKey*",
                                "kms:ReEncrypt*",
                            ],
                            "Resource": "*",
                            "Condition": {
                                "StringEquals": {
                                    "kms:CallerAccount": {"Ref": "AWS::AccountId"},
                                    "kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.amazonaws.com"},
                                }
                            },
                        },
                    ],
                },
            },
        },
        f"{_KEY}Alias": {
            "Type": "AWS::KMS::Alias",
            "Properties": {"AliasName": f"alias/{name}-table", "TargetKeyId": {"Ref": _KEY}},
        },
    }
