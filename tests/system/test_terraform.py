"""`python -m grail stack terraform`: Terraform itself judges the document, and it says what the template says."""

import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from grail.errors import GrailError
from grail.stack.edge_keys import REGION
from grail.terraform import document, kinds, package
from tests.system.conftest import ROOT, copy_project, environment

STAGES = ("dev", "prod")
EVERYTHING = {
    "alarms": "ops@example.com",
    "edge": {"cached": ["/docs*"], "domain": "www.example.com", "hosted_zone": "Z0123456789", "waf": True},
    "table_key": "customer",
    "throttle": {"rate_limit": 9, "burst_limit": 9, "routes": {"GET /health": {"rate_limit": 1, "burst_limit": 1}}},
    "provisioned_concurrency": 2,
    "reserved_concurrency": 10,
    "layers": ["arn:aws:lambda:us-east-1:123456789012:layer:tools:1"],
    "subnet_ids": ["subnet-0123456789abcdef0"],
    "security_group_ids": ["sg-0123456789abcdef0"],
    "api_gateway_custom_domain": {
        "domain_name": "api.example.com",
        "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000",
    },
}
"""Every setting that adds to a stage, ours and Chalice's."""
PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::Region": "us-east-1"}
"""What the judge has AWS say."""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, whose prod has everything, without what ships: to download that takes minutes.

    The workers share it, and what is packaged in it.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "terraform"
    with alone(folder):
        if not (folder / "app.py").exists():
            copy_project(folder)
            (folder / "requirements.txt").write_text("")
            file = folder / ".chalice" / "config.json"
            config = json.loads(file.read_text())
            config["stages"]["prod"] |= EVERYTHING
            file.write_text(json.dumps(config))
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep other workers from a folder that all share."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Packaged:
    """A stage's package: the template, the document, and what Terraform made of it with values of its own making."""

    def __init__(self, project: Path, stage: str) -> None:
        self.stage = stage
        self.folder = project / "build" / stage / "terraform"
        file = self.folder.parent / "made.json"
        with alone(project):
            if not file.exists():
                file.write_text(json.dumps(_packaged(project, stage)))
        self.said, self.made = json.loads(file.read_text())
        self.template: dict[str, Any] = json.loads((self.folder.parent / "cloudformation.json").read_text())[
            "Resources"
        ]
        self.document: dict[str, Any] = json.loads((self.folder / "main.tf.json").read_text())

    def counterparts(self) -> dict[str, dict[str, Any]]:
        """Return what was made of the template's resources, by logical id."""
        found = {}
        for name, resource in self.template.items():
            kind = kinds.KINDS.get(resource["Type"])
            if kind is not None and f"{kind.type}.{name}" in self.made:
                found[name] = self.made[f"{kind.type}.{name}"]
        return found

    def resolved(self, value: Any) -> Any:
        """Return a value of the template with what Terraform made in the place of references."""
        if isinstance(value, dict) and set(value) == {"Fn::Sub"}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: self._named(found[1]), value["Fn::Sub"])
        if isinstance(value, dict) and set(value) == {"Fn::GetAtt"}:
            return self._named(".".join(value["Fn::GetAtt"]))
        if isinstance(value, dict):
            return {name: self.resolved(one) for name, one in value.items()}
        return [self.resolved(one) for one in value] if isinstance(value, list) else value

    def _named(self, name: str) -> str:
        logical, _, attribute = name.partition(".")
        if name in PSEUDO:
            return PSEUDO[name]
        by_ref = "arn" if self.template[logical]["Type"] == "AWS::Lambda::Alias" else "id"
        return str(self.counterparts()[logical]["arn" if attribute == "Arn" else by_ref])


def _packaged(project: Path, stage: str) -> tuple[str, dict[str, Any]]:
    """Package a stage, and return what that says, and what Terraform makes of it; prod is judged twice: by the verb."""
    command = [sys.executable, "-m", "grail", "stack", "terraform" if stage == "prod" else "package", "--stage", stage]
    env = environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    folder = project / "build" / stage
    if stage != "prod":
        package.write(folder, edge=None, app="grail", stage=stage, region="eu-west-1")
    return done.stdout, package.check(folder / "terraform" / "main.tf.json", stage)


@pytest.fixture(scope="session", params=STAGES)
def packaged(request: pytest.FixtureRequest, project: Path) -> Packaged:
    """Package a stage, once for all tests."""
    return made(project, request.param)


made = cache(Packaged)


def test_the_verb_says_what_it_made(project: Path) -> None:
    """Once Terraform has checked every name, type and reference, and applied it to nothing."""
    prod = made(project, "prod")
    said = f"build/prod/terraform: the same for Terraform, {len(prod.made)} resources, and the stage's values"
    assert prod.said.splitlines()[-1] == said


def test_values_and_code_are_beside_it(packaged: Packaged) -> None:
    """The stage's own, for every variable."""
    values = json.loads((packaged.folder / f"{packaged.stage}.auto.tfvars.json").read_text())
    assert values.keys() == packaged.document["variable"].keys()
    assert values["environment"]["APIHandler"]["STAGE"] == packaged.stage
    assert (packaged.folder / values["package"]).exists()


def test_every_resource_has_its_counterpart(packaged: Packaged) -> None:
    """But for what only CodeDeploy needs, and SAM's versions and deployment, which Terraform makes by itself."""
    left = packaged.template.keys() - packaged.counterparts().keys()
    types = {packaged.template[name]["Type"] for name in left}
    assert types <= {
        "AWS::ApiGateway::Deployment",
        "AWS::CloudWatch::Alarm",
        "AWS::CodeDeploy::Application",
        "AWS::CodeDeploy::DeploymentGroup",
        "AWS::IAM::Role",
        "AWS::Lambda::Version",
    }
    telling = [name for name in left if packaged.template[name]["Properties"].get("AlarmActions")]
    roles = [name for name in left if packaged.template[name]["Type"] == "AWS::IAM::Role"]
    assert (telling, set(roles) <= {"CodeDeployServiceRole"}) == ([], True)


def test_the_api_is_the_templates(packaged: Packaged) -> None:
    """Compared as data, as Terraform would send it."""
    found = json.loads(packaged.made["aws_api_gateway_rest_api.RestAPI"]["body"])
    assert found == packaged.resolved(packaged.template["RestAPI"]["Properties"]["Body"])
    assert len(found["paths"]) > 20


def test_the_policies_are_the_templates(packaged: Packaged) -> None:
    """Compared as data: of roles, the bucket and the queues."""
    for name, resource in packaged.template.items():
        if resource["Type"] == "AWS::IAM::Role" and name != "CodeDeployServiceRole":
            for policy in resource["Properties"].get("Policies", []):
                found = packaged.made[f"aws_iam_role_policy.{name}-{policy['PolicyName']}"]["policy"]
                assert json.loads(found) == packaged.resolved(policy["PolicyDocument"])
    found = packaged.made["aws_s3_bucket_policy.FilesPolicy"]["policy"]
    assert json.loads(found) == packaged.resolved(packaged.template["FilesPolicy"]["Properties"]["PolicyDocument"])
    redrive = packaged.made["aws_sqs_queue.EventsQueue"]["redrive_policy"]
    assert json.loads(redrive) == packaged.resolved(packaged.template["EventsQueue"]["Properties"]["RedrivePolicy"])


def test_what_is_named_has_the_same_name(packaged: Packaged) -> None:
    """Table, queues, bucket, functions, logs, alarms, plan: by either format it is the same stage."""
    names = {
        "TableName",
        "QueueName",
        "BucketName",
        "FunctionName",
        "LogGroupName",
        "AlarmName",
        "UsagePlanName",
        "Name",
    }
    compared = 0
    for name, found in packaged.counterparts().items():
        for key in names & packaged.template[name].get("Properties", {}).keys():
            value = packaged.template[name]["Properties"][key]
            if isinstance(value, str):
                assert value in found.values(), name
                compared += 1
    assert compared > 20


def test_two_stages_have_no_name_in_common(project: Path) -> None:
    """Of what has one in an account and a region: a stage is deployed beside another."""
    named = ("name", "bucket", "function_name", "alarm_name", "dashboard_name")
    apart = {"aws_lambda_alias", "aws_iam_role_policy", "aws_cloudwatch_log_metric_filter"}  # named in what they are of
    dev, prod = (
        {
            (kind, values[key])
            for address, values in made(project, stage).made.items()
            for kind in [address.partition(".")[0]]
            for key in named
            if kind not in apart and isinstance(values.get(key), str)
        }
        for stage in STAGES
    )
    assert {value for _, value in dev} > {"grail-dev", "grail-dev-GateRole", "grail-dev-ExpireOrdersExpireOrdersEvent"}
    assert dev & prod == set()


def test_every_setting_has_its_counterpart(project: Path) -> None:
    """A key, a domain, a subscription, functions that are ready, in a network and with layers."""
    made_of = made(project, "prod").made
    types = {address.partition(".")[0] for address in made_of}
    assert {"aws_kms_key", "aws_kms_alias", "aws_sns_topic_subscription", "aws_api_gateway_domain_name"} <= types
    ahead = made_of["aws_lambda_provisioned_concurrency_config.APIHandlerAliaslive"]
    assert ahead["provisioned_concurrent_executions"] == 2
    function = made_of["aws_lambda_function.Gate"]
    assert function["vpc_config"][0]["subnet_ids"] == EVERYTHING["subnet_ids"]
    assert (function["layers"], function["reserved_concurrent_executions"]) == (EVERYTHING["layers"], 10)
    mapping = made_of["aws_api_gateway_base_path_mapping.ApiGatewayCustomDomainMapping"]
    assert (mapping["domain_name"], mapping["stage_name"]) == ("api.example.com", "api")
    [key] = made_of["aws_dynamodb_table.Table"]["server_side_encryption"]
    assert (key["enabled"], key["kms_key_arn"]) == (True, made_of["aws_kms_key.TableKey"]["arn"])
    assert made_of["aws_api_gateway_method_settings.RestAPIapiStage-1"]["method_path"] == "~1health/GET"


def test_the_edge_is_in_the_same_document(project: Path) -> None:
    """Before the API, which takes nothing without the key that it sends; by the provider of its own region."""
    prod = made(project, "prod")
    distribution = prod.made["aws_cloudfront_distribution.edge-Distribution"]
    [origin] = distribution["origin"]
    api = prod.made["aws_api_gateway_rest_api.RestAPI"]["id"]
    assert (origin["domain_name"], origin["origin_path"]) == (f"{api}.execute-api.us-east-1.amazonaws.com", "/api")
    key = prod.made["aws_api_gateway_api_key.EdgeKeyAUsage"]["value"]
    assert origin["custom_header"] == [{"name": "x-api-key", "value": key}]
    assert prod.made["aws_secretsmanager_secret_version.EdgeKeyA"]["secret_string"] == key
    assert distribution["web_acl_id"] == prod.made["aws_wafv2_web_acl.edge-Firewall"]["arn"]
    issued = prod.made["aws_acm_certificate_validation.edge-Certificate"]["certificate_arn"]
    assert distribution["viewer_certificate"][0]["acm_certificate_arn"] == issued
    edge = json.loads((project / "infra" / "prod-edge.json").read_text())["Resources"]
    rules = json.loads(prod.made["aws_wafv2_web_acl.edge-Firewall"]["rule_json"])
    assert rules == edge["Firewall"]["Properties"]["Rules"]
    said = prod.document["resource"]
    counterparts = {f"{kinds.KINDS[one['Type']].type}.edge-{name}" for name, one in edge.items()}
    assert counterparts <= prod.made.keys()
    providers = {one.get("provider") for named in said.values() for name, one in named.items() if "edge-" in name}
    assert providers == {"aws.edge"}
    assert {"alias": "edge", "region": REGION} in prod.document["provider"]["aws"]


def test_the_blueprints_own_edge_is_taken(project: Path, tmp_path: Path) -> None:
    """Without a domain, of whose certificate CloudFront has its own, and without WAF."""
    prod = made(project, "prod")
    for name in ("cloudformation.json", "deployment.zip"):
        (tmp_path / name).write_bytes((prod.folder.parent / name).read_bytes())
    committed = ROOT / "infra" / "prod-edge.json"
    file = package.write(tmp_path, edge=committed, app="grail", stage="prod", region="eu-west-1")
    resources = package.check(file, "prod")
    [certificate] = resources["aws_cloudfront_distribution.edge-Distribution"]["viewer_certificate"]
    assert certificate["cloudfront_default_certificate"] is True
    assert not [address for address in resources if address.startswith(("aws_acm", "aws_route53", "aws_wafv2"))]


SMALL = {
    "Jobs": {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": "jobs", "VisibilityTimeout": 60, "SqsManagedSseEnabled": True},
    },
    "Late": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "QueueName": "late",
            "RedriveAllowPolicy": {"sourceQueueArns": [{"Fn::GetAtt": ["Jobs", "Arn"]}]},
        },
    },
    "Alarm": {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": "late",
            "ComparisonOperator": "GreaterThanThreshold",
            "EvaluationPeriods": 1,
            "AlarmActions": [{"Fn::GetAtt": ["Jobs", "Arn"]}],
            "Metrics": [{"Id": "late", "Expression": "1", "ReturnData": True}],
        },
    },
}
VALUES = {"region": "eu-west-1", "package": "", "log_days": 7, "memory_size": {}, "timeout": {}, "environment": {}}


@pytest.mark.parametrize(
    ("change", "by", "words"),
    [
        ('"visibility_timeout_seconds"', '"visibility_timeout_second"', 'Did you mean "visibility_timeout_seconds"'),
        ('"GreaterThanThreshold"', '["GreaterThanThreshold"]', "string required"),
        ("${aws_sqs_queue.Jobs.arn}", "${aws_sqs_queue.Job.arn}", "has not been declared"),
        ("${aws_sqs_queue.Jobs.arn}", "${aws_sqs_queue.Jobs.ar}", "no argument, nested block"),
        ('"expression": "1"', '"expressio": "1"', 'No argument or block type is named "expressio"'),
        ("${jsonencode(", "${jsonencod(", 'There is no function named "jsonencod"'),
        ("${aws_sqs_queue.Jobs.arn}", "${tonumber(aws_sqs_queue.Jobs.arn)}", "cannot convert"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, change: str, by: str, words: str) -> None:
    """A misspelt argument, a wrong type, what is not there, and what only an apply would show; in a line."""
    text = json.dumps(document.of({"Resources": SMALL}, app="shop", stage="dev").document)
    assert change in text
    file = tmp_path / "main.tf.json"
    file.write_text(text.replace(change, by, 1))
    (tmp_path / "dev.auto.tfvars.json").write_text(json.dumps(VALUES))
    with pytest.raises(GrailError) as caught:
        package.check(file, "dev")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
