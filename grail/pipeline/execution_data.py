"""What CloudFormation may do with a stage's data stores; of what is in them nothing but secrets' values."""

from grail.pipeline.statements import Statement, allow, arn, s3_arn


def statements(name: str) -> list[Statement]:
    """Return what makes and keeps the table, the bucket, the queues, the secrets and the users."""
    bucket = [s3_arn(f"{name}-files")]
    return [
        allow(
            "dynamodb",
            "CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights"
            " DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetResourcePolicy ListTagsOfResource"
            " TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
            [arn("dynamodb", f"table/{name}"), arn("dynamodb", f"table/{name}/*")],
        ),
        allow(
            "s3",
            "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration GetAnalyticsConfiguration"
            " GetBucketAcl GetBucketCORS GetBucketLogging GetBucketNotification GetBucketObjectLockConfiguration"
            " GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging"
            " GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration"
            " GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration"
            " GetReplicationConfiguration ListBucket PutBucketCORS PutBucketNotification PutBucketOwnershipControls"
            " PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning"
            " PutEncryptionConfiguration PutLifecycleConfiguration",
            bucket,
        ),
        allow(
            "sqs",
            "CreateQueue DeleteQueue GetQueueAttributes GetQueueUrl ListQueueTags SetQueueAttributes TagQueue"
            " UntagQueue",
            [arn("sqs", f"{name}-*")],
        ),
        allow(
            "secretsmanager",  # in any region: an edge's keys are copied to its own
            "CreateSecret DeleteSecret DescribeSecret GetSecretValue PutSecretValue RemoveRegionsFromReplication"
            " ReplicateSecretToRegions TagResource UntagResource UpdateSecret",
            [arn("secretsmanager", f"secret:{name}-*", region="*")],
        ),
        allow("secretsmanager", "GetRandomPassword", "*"),  # of nothing
        allow("cognito-idp", "CreateUserPool", "*"),  # has no name yet
        allow(
            "cognito-idp",
            "AddCustomAttributes CreateUserPoolClient DeleteUserPool DeleteUserPoolClient DescribeUserPool"
            " DescribeUserPoolClient GetUserPoolMfaConfig ListTagsForResource SetUserPoolMfaConfig TagResource"
            " UntagResource UpdateUserPool UpdateUserPoolClient",
            [arn("cognito-idp", "userpool/*")],
        ),
    ]


def of_table_key(name: str) -> list[Statement]:
    """Return what makes and keeps the stage's own key: of any key of the account that is used so."""
    return [
        allow("kms", "CreateKey ListAliases", "*"),
        allow(
            "kms",
            "CreateAlias CreateGrant Decrypt DeleteAlias DescribeKey EnableKey EnableKeyRotation GetKeyPolicy"
            " GetKeyRotationStatus ListResourceTags PutKeyPolicy RevokeGrant ScheduleKeyDeletion TagResource"
            " UntagResource UpdateAlias UpdateKeyDescription",
            [arn("kms", "key/*"), arn("kms", f"alias/{name}-*")],
        ),
    ]
