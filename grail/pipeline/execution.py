"""What CloudFormation may do for a stage, and for no other: what its resource types say that they need.

Source: the `handlers` of CloudFormation's published resource schemas, which `tests/unit/test_pipeline_execution.py`
holds this to. Names are the stage's own; where AWS gives the names (APIs, pools, distributions), the kind is named.
"""

from grail.pipeline import names
from grail.pipeline.statements import Statement, allow, arn, global_arn, managed_policy, s3_arn
from grail.stack import boundary

Policies = dict[str, list[Statement]]

_EDGE_REGION = "us-east-1"
_UNBOUND = {
    "CodeDeployServiceRole": "service-role/AWSCodeDeployRoleForLambda",
    "GatewayLogRole": "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
}
"""Roles that have one policy of AWS's and no boundary, which would take away what they are for."""


def policies(app: str, stage: str, *, edge: bool, table_key: bool) -> Policies:
    """Return the policies by what they are about, each small enough for IAM's 6,144 characters."""
    name = f"{app}-{stage}"
    found = {
        "Data": [*_data(name), *(_table_key(name) if table_key else [])],
        "Code": _code(app, stage),
        "Roles": _roles(app, stage),
        "Gateway": _gateway(name),
    }
    return found | ({"Edge": _edge(name)} if edge else {})


def _data(name: str) -> list[Statement]:
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


def _table_key(name: str) -> list[Statement]:
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


def _code(app: str, stage: str) -> list[Statement]:
    name = f"{app}-{stage}"
    functions = [
        arn("lambda", f"function:{name}"),
        arn("lambda", f"function:{name}-*"),
        arn("lambda", f"function:{name}:*"),
    ]
    deploys = [arn("codedeploy", f"{kind}:{name}-*") for kind in ("application", "deploymentgroup")]
    groups = [
        arn("logs", f"log-group:/aws/{service}/{name}{end}")
        for service in ("lambda", "apigateway")
        for end in ("", ":*", "-*")
    ]
    return [
        allow(
            "lambda",
            "AddPermission CreateAlias CreateFunction DeleteAlias DeleteFunction DeleteFunctionConcurrency"
            " DeleteFunctionEventInvokeConfig DeleteProvisionedConcurrencyConfig GetAlias GetFunction"
            " GetFunctionCodeSigningConfig GetFunctionConfiguration GetFunctionEventInvokeConfig"
            " GetFunctionRecursionConfig GetPolicy GetProvisionedConcurrencyConfig GetRuntimeManagementConfig"
            " ListTags ListVersionsByFunction PublishVersion PutFunctionConcurrency PutFunctionEventInvokeConfig"
            " PutProvisionedConcurrencyConfig RemovePermission TagResource UntagResource UpdateAlias"
            " UpdateFunctionCode UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig",
            functions,
        ),
        allow(
            "lambda",
            "CreateEventSourceMapping DeleteEventSourceMapping UpdateEventSourceMapping",
            "*",  # AWS names it; the function that it may be of is the stage's
            condition={"ArnLike": {"lambda:FunctionArn": [functions[0], functions[1], functions[2]]}},
        ),
        allow("lambda", "GetEventSourceMapping", "*"),
        allow("lambda", "ListTags TagResource UntagResource", [arn("lambda", "event-source-mapping:*")]),
        allow("s3", "GetObject GetObjectVersion", [s3_arn(f"{names.bucket(app)}/{stage}/*")]),
        allow(
            "codedeploy",
            "CreateApplication CreateDeployment CreateDeploymentGroup DeleteApplication DeleteDeploymentGroup"
            " GetApplication GetDeployment GetDeploymentGroup ListTagsForResource RegisterApplicationRevision"
            " GetApplicationRevision StopDeployment TagResource UntagResource UpdateApplication UpdateDeploymentGroup",
            deploys,
        ),
        allow("codedeploy", "GetDeploymentConfig", [arn("codedeploy", "deploymentconfig:CodeDeployDefault.*")]),
        allow(
            "events",
            "DeleteRule DescribeRule ListTargetsByRule ListTagsForResource PutRule PutTargets RemoveTargets TagResource"
            " UntagResource",
            [arn("events", f"rule/{name}-*")],
        ),
        allow("logs", "DescribeLogGroups DescribeIndexPolicies DescribeResourcePolicies", "*"),  # are lists
        allow(
            "logs",
            "CreateLogGroup DeleteLogGroup DeleteMetricFilter DeleteRetentionPolicy DescribeMetricFilters"
            " GetDataProtectionPolicy ListTagsForResource PutMetricFilter PutRetentionPolicy TagResource UntagResource",
            groups,
        ),
    ]


def _roles(app: str, stage: str) -> list[Statement]:
    """Return what makes the stage's roles: inside its boundary, or with one policy of AWS's."""
    name = f"{app}-{stage}"
    roles = [global_arn("iam", f"role/{name}-*")]
    inside = {
        "StringEquals": {"iam:PermissionsBoundary": global_arn("iam", f"policy/{boundary.policy_name(app, stage)}")}
    }
    callers = ("apigateway", "codedeploy", "lambda")
    return [
        allow(
            "iam",
            "DeleteRole GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies TagRole UntagRole"
            " UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription DeleteRolePolicy",
            roles,
        ),
        allow("iam", "CreateRole PutRolePermissionsBoundary PutRolePolicy", roles, condition=inside),
        *(
            statement
            for role, policy in _UNBOUND.items()
            for statement in (
                allow("iam", "CreateRole", [global_arn("iam", f"role/{name}-{role}-*")]),
                allow(
                    "iam",
                    "AttachRolePolicy DetachRolePolicy",
                    [global_arn("iam", f"role/{name}-{role}-*")],
                    condition={"ArnLike": {"iam:PolicyARN": managed_policy(policy)}},
                ),
            )
        ),
        allow(
            "iam",
            "PassRole",
            roles,
            condition={"StringEquals": {"iam:PassedToService": [f"{caller}.amazonaws.com" for caller in callers]}},
        ),
    ]


def _gateway(name: str) -> list[Statement]:
    """Return what makes the API, whose id AWS gives, and what watches it."""
    paths = ("account", "apikeys", "restapis", "tags", "usageplans")
    return [
        allow(
            "apigateway",
            "DELETE GET PATCH POST PUT",
            [arn("apigateway", f"/{path}{end}", account="") for path in paths for end in ("", "/*")],
        ),
        allow(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            [arn("cloudwatch", f"alarm:{name}-*")],
        ),
        allow(
            "cloudwatch", "DeleteDashboards GetDashboard PutDashboard", [global_arn("cloudwatch", f"dashboard/{name}")]
        ),
        allow(
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes GetTopicAttributes"
            " ListSubscriptionsByTopic ListTagsForResource SetSubscriptionAttributes SetTopicAttributes Subscribe"
            " TagResource Unsubscribe UntagResource",
            [arn("sns", f"{name}-*")],
        ),
    ]


def _edge(name: str) -> list[Statement]:
    """Return what makes the edge, in its own region; what AWS names, by its kind."""
    zone = "arn:${AWS::Partition}:route53:::hostedzone/*"
    kinds = ("delivery", "delivery-destination", "delivery-source")
    return [
        allow(
            "cloudfront",
            "CreateCachePolicy CreateDistribution CreateResponseHeadersPolicy"
            " DeleteCachePolicy DeleteDistribution DeleteResponseHeadersPolicy GetCachePolicy GetDistribution"
            " GetDistributionConfig GetResponseHeadersPolicy ListTagsForResource TagResource UntagResource"
            " UpdateCachePolicy UpdateDistribution UpdateResponseHeadersPolicy",
            [
                global_arn("cloudfront", f"{kind}/*")
                for kind in ("cache-policy", "distribution", "response-headers-policy")
            ],
        ),
        allow("cloudfront", "AllowVendedLogDeliveryForResource", [global_arn("cloudfront", "distribution/*")]),
        allow(
            "logs",
            "CreateDelivery CreateLogGroup DeleteDelivery DeleteDeliveryDestination DeleteDeliverySource DeleteLogGroup"
            " DeleteRetentionPolicy GetDataProtectionPolicy GetDelivery GetDeliveryDestination"
            " GetDeliveryDestinationPolicy GetDeliverySource ListTagsForResource PutDeliveryDestination"
            " PutDeliverySource PutRetentionPolicy TagResource UntagResource UpdateDeliveryConfiguration",
            [
                arn("logs", f"log-group:/aws/vendedlogs/cloudfront/{name}-*", region=_EDGE_REGION),
                *(arn("logs", f"{kind}:*", region=_EDGE_REGION) for kind in kinds),
            ],
        ),
        allow("logs", "DescribeDeliveries DescribeLogGroups DescribeResourcePolicies PutResourcePolicy", "*"),
        allow(
            "wafv2",
            "CreateWebACL DeleteWebACL GetWebACL ListTagsForResource TagResource UntagResource UpdateWebACL",
            [
                arn("wafv2", f"global/{kind}", region=_EDGE_REGION)
                for kind in (f"webacl/{name}-*/*", "managedruleset/*/*")
            ],
        ),
        allow(
            "acm",
            "AddTagsToCertificate DeleteCertificate DescribeCertificate ListTagsForCertificate"
            " RemoveTagsFromCertificate RequestCertificate",
            [arn("acm", "certificate/*", region=_EDGE_REGION)],
        ),
        allow("route53", "ChangeResourceRecordSets GetHostedZone ListResourceRecordSets", [{"Fn::Sub": zone}]),
        allow("route53", "GetChange", [{"Fn::Sub": "arn:${AWS::Partition}:route53:::change/*"}]),
    ]
