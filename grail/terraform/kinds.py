"""Every type of CloudFormation's that we can say for Terraform, and those that Terraform needs nothing for."""

from grail.terraform import data, edge, edge_domain, functions, gateway, watch

KINDS = {**data.KINDS, **functions.KINDS, **gateway.KINDS, **edge.KINDS, **edge_domain.KINDS, **watch.KINDS}

DATA = ("aws_caller_identity", "aws_partition", "aws_region")
"""What is asked of AWS: who and where we are."""

LEFT_OUT = {
    "AWS::CodeDeploy::Application",  # nothing starts a deployment of CodeDeploy's here: an alias moves at once
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Lambda::Version",  # a function publishes its own
}

PARTS = {
    "aws_acm_certificate",
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_lambda_provisioned_concurrency_config",
    "aws_api_gateway_method_settings",
    "aws_s3_bucket_cors_configuration",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_notification",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_secretsmanager_secret_version",
    "aws_sns_topic_subscription",
}
"""What stands beside a type's main resource."""


def types() -> set[str]:
    """Return every type of Terraform's that a document may have: those whose schema is needed."""
    return {kind.type for kind in KINDS.values()} | PARTS | set(DATA)
