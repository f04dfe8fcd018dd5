"""A Terraform document, of a template."""

import json
import re
from typing import Any

import pytest

from grail.errors import GrailError
from grail.terraform import bindings, document, kinds

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "Policies": [{"PolicyName": "send", "PolicyDocument": {"Statement": [{"Resource": {"Ref": "Jobs"}}]}}],
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/x"],
    },
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "shop-dev-jobs", "VisibilityTimeout": 60}}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "DependsOn": "Logs",
    "Properties": {
        "FunctionName": "shop-dev-work",
        "Handler": "app.work",
        "Code": {"S3Bucket": "b", "S3Key": "k"},
        "MemorySize": 128,
        "Timeout": 10,
        "Role": {"Fn::GetAtt": ["WorkRole", "Arn"]},
        "Environment": {"Variables": {"STAGE": "dev", "JOBS": {"Ref": "Jobs"}}},
        "Tags": [{"Key": "app", "Value": "shop"}, {"Key": "lambda:createdBy", "Value": "SAM"}],
    },
}
LOGS = {
    "Type": "AWS::Logs::LogGroup",
    "DeletionPolicy": "Retain",
    "Properties": {"LogGroupName": "/aws/lambda/shop-dev-work", "RetentionInDays": 7},
}
ALIAS = {
    "Type": "AWS::Lambda::Alias",
    "Properties": {
        "Name": "live",
        "FunctionName": {"Ref": "Work"},
        "FunctionVersion": {"Fn::GetAtt": ["WorkVersion0123456789", "Version"]},
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2},
    },
}
WORK = {"Jobs": QUEUE, "WorkRole": ROLE, "Work": FUNCTION, "Logs": LOGS, "WorkAliaslive": ALIAS}


def made(resources: dict[str, Any], **template: Any) -> document.Made:
    """Return what a template becomes."""
    return document.of({"Resources": resources, **template}, app="shop", stage="dev")


def test_a_function_is_its_package_and_publishes_its_version() -> None:
    """Its alias names that one; Terraform knows when the code is another."""
    resources = made(WORK).document["resource"]
    work = resources["aws_lambda_function"]["Work"]
    assert (work["filename"], work["publish"]) == ("${var.package}", True)
    assert work["source_code_hash"] == "${filebase64sha256(var.package)}"
    alias = resources["aws_lambda_alias"]["WorkAliaslive"]
    assert alias["function_version"] == "${aws_lambda_function.Work.version}"
    [ahead] = resources["aws_lambda_provisioned_concurrency_config"].values()
    assert ahead["qualifier"] == "${aws_lambda_alias.WorkAliaslive.name}"
    assert work["tags"] == {"app": "shop"}


def test_what_may_vary_is_a_variable() -> None:
    """Memory, time and a function's literal environment; what refers to a resource stays where it is."""
    found = made(WORK)
    work = found.document["resource"]["aws_lambda_function"]["Work"]
    assert work["memory_size"] == "${var.memory_size.Work}"
    assert work["environment"]["variables"] == {
        "STAGE": "${var.environment.Work.STAGE}",
        "JOBS": "${aws_sqs_queue.Jobs.url}",
    }
    assert found.variables == {
        "memory_size": {"Work": 128},
        "timeout": {"Work": 10},
        "environment": {"Work": {"STAGE": "dev"}},
        "log_days": 7,
    }
    assert {*found.variables, "region", "package"} == found.document["variable"].keys()


def test_a_role_is_used_once_its_policies_are_there() -> None:
    """In Terraform they are resources beside it, of which nothing else would tell that a function needs them."""
    resources = made(WORK).document["resource"]
    assert resources["aws_lambda_function"]["Work"]["depends_on"] == [
        "aws_cloudwatch_log_group.Logs",
        "aws_iam_role_policy.WorkRole-send",
        "aws_iam_role_policy_attachment.WorkRole-0",
    ]


def test_a_document_of_json_is_readable() -> None:
    """It stands among the locals as it is, and is made a string of by Terraform."""
    found = made(WORK).document
    assert found["resource"]["aws_iam_role_policy"]["WorkRole-send"]["policy"] == (
        "${jsonencode(local.WorkRole-send_policy)}"
    )
    assert found["locals"]["WorkRole-send_policy"] == {"Statement": [{"Resource": "${aws_sqs_queue.Jobs.url}"}]}


@pytest.mark.parametrize("policy", ["Retain", "RetainExceptOnCreate"])
def test_what_is_retained_is_not_destroyed(policy: str) -> None:
    """Terraform refuses to."""
    groups = made({"Logs": LOGS | {"DeletionPolicy": policy}}).document["resource"]["aws_cloudwatch_log_group"]
    assert groups["Logs"]["lifecycle"] == {"prevent_destroy": True}


def test_what_is_empty_is_left_out() -> None:
    """Terraform would miss the label of an output where there is none."""
    assert {"output", "locals"} & made({"Jobs": QUEUE}).document.keys() == set()


def test_what_cloudformation_would_name_is_named_after_app_and_stage() -> None:
    """So that two stages, or two apps, of an account have no name in common."""
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(5 minutes)"}}
    resources = made({"WorkRole": ROLE, "Jobs": QUEUE, "Every": rule}).document["resource"]
    assert resources["aws_iam_role"]["WorkRole"]["name"] == "shop-dev-WorkRole"
    assert resources["aws_cloudwatch_event_rule"]["Every"]["name"] == "shop-dev-Every"
    assert resources["aws_sqs_queue"]["Jobs"]["name"] == "shop-dev-jobs"


def test_a_long_name_is_cut_and_still_its_own() -> None:
    """A rule has the function's name twice; AWS takes 64 characters."""
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(5 minutes)"}}
    logical = "SynchroniseAllCustomers" * 2
    rules = made({f"{logical}MorningEvent": rule, f"{logical}MorningEvents": rule}).document["resource"]
    names = {one["name"] for one in rules["aws_cloudwatch_event_rule"].values()}
    assert {len(name) for name in names} == {64}
    assert len(names) == 2
    assert all(name.startswith("shop-dev-SynchroniseAllCustomersSynchronise") for name in names)


def test_a_permission_is_the_aliass() -> None:
    """Or the function's, where the template has no alias in it."""

    def permission(name: str) -> dict[str, Any]:
        return {"Type": "AWS::Lambda::Permission", "Properties": {"FunctionName": {"Ref": name}, "Principal": "x"}}

    resources = made(WORK | {"One": permission("WorkAliaslive"), "Two": permission("Work")}).document["resource"]
    one, two = (resources["aws_lambda_permission"][name] for name in ("One", "Two"))
    assert one["function_name"] == "${aws_lambda_alias.WorkAliaslive.function_name}"
    assert one["qualifier"] == "${aws_lambda_alias.WorkAliaslive.name}"
    assert (two["function_name"], "qualifier" in two) == ("${aws_lambda_function.Work.function_name}", False)


def test_a_deployment_keeps_its_name_and_follows_the_api() -> None:
    """SAM gives each a new one; here a change of the API makes it anew, before the old one goes."""
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": {"info": {"title": "shop-dev"}}}}
    deployment = {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "RestAPI"}}}
    stage = {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {
            "RestApiId": {"Ref": "RestAPI"},
            "DeploymentId": {"Ref": "Deployed0123456789"},
            "StageName": "api",
            "MethodSettings": [
                {"HttpMethod": "*", "ResourcePath": "/*", "ThrottlingRateLimit": 5},
                {"HttpMethod": "GET", "ResourcePath": "/~1people~1{id}", "ThrottlingRateLimit": 1},
            ],
        },
    }
    resources = made({"RestAPI": api, "Deployed0123456789": deployment, "Stage": stage}).document["resource"]
    [(name, found)] = resources["aws_api_gateway_deployment"].items()
    assert resources["aws_api_gateway_stage"]["Stage"]["deployment_id"] == f"${{aws_api_gateway_deployment.{name}.id}}"
    assert name == "Deployed"
    assert found["triggers"] == {"definition": "${sha1(aws_api_gateway_rest_api.RestAPI.body)}"}
    assert found["lifecycle"] == {"create_before_destroy": True}
    paths = [settings["method_path"] for settings in resources["aws_api_gateway_method_settings"].values()]
    assert paths == ["*/*", "~1people~1{id}/GET"]


def test_api_gateway_makes_the_key_and_the_secret_keeps_it() -> None:
    """Terraform can't put a value into a secret that it does not know."""
    key = {
        "Type": "AWS::ApiGateway::ApiKey",
        "Properties": {"Name": "shop", "Value": {"Fn::Sub": "{{resolve:secretsmanager:${Key}:SecretString}}"}},
    }
    secret = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Name": "shop-dev-api-key", "GenerateSecretString": {"PasswordLength": 40}},
    }
    resources = made({"Usage": key, "Key": secret}).document["resource"]
    assert resources["aws_api_gateway_api_key"]["Usage"] == {"name": "shop"}
    assert resources["aws_secretsmanager_secret_version"]["Key"] == {
        "secret_id": "${aws_secretsmanager_secret.Key.arn}",
        "secret_string": "${aws_api_gateway_api_key.Usage.value}",
    }


def test_what_only_codedeploy_needs_is_left_out() -> None:
    """With the alarms that tell it alone: they would tell nobody."""
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"AlarmName": "new", "AlarmActions": []}}
    group = {"Type": "AWS::CodeDeploy::DeploymentGroup", "Properties": {}}
    version = {"Type": "AWS::Lambda::Version", "Properties": {"FunctionName": {"Ref": "Work"}}}
    document = made({"A": alarm, "G": group, "V": version, "CodeDeployServiceRole": ROLE}).document
    assert "resource" not in document


def test_what_has_no_counterpart_is_refused() -> None:
    """By its type and name."""
    with pytest.raises(GrailError, match=r"nothing stands for AWS::EC2::Instance \(Machine\)"):
        made({"Machine": {"Type": "AWS::EC2::Instance"}})


def test_the_schema_is_of_the_types_that_we_write() -> None:
    """And of the provider that the document asks for; `grail.terraform.bindings` writes it anew."""
    schema = json.loads(bindings.FILE.read_text())
    found = schema["provider_schemas"][bindings.PROVIDER]
    assert found["resource_schemas"].keys() | found["data_source_schemas"].keys() == kinds.types()
    minor = re.search(r"provider (\d+\.\d+)\.\d+$", schema["source"])
    assert minor is not None
    assert made(WORK).document["terraform"]["required_providers"]["aws"]["version"] == f"~> {minor[1]}"
