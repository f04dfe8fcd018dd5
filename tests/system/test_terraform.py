"""`python -m grail stack terraform`: Terraform itself judges the document, and it says what the template says."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from grail.errors import GrailError
from grail.terraform import document, kinds, package
from tests.system.conftest import copy_project, environment

STAGES = ("dev", "prod")
EVERYTHING = {
    "alarms": "ops@example.com",
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
"""Every setting that adds to a stage, ours and Chalice's, but for an edge."""
PSEUDO = {"AWS::AccountId": "123456789012", "AWS::Partition": "aws", "AWS::Region": "us-east-1"}
"""What the judge has AWS say."""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, whose prod has everything, without what ships: to download that takes minutes."""
    folder = copy_project(tmp_path_factory.mktemp("terraform"))
    (folder / "requirements.txt").write_text("")
    file = folder / ".chalice" / "config.json"
    config = json.loads(file.read_text())
    config["stages"]["prod"] |= EVERYTHING
    file.write_text(json.dumps(config))
    return folder


class Packaged:
    """A stage's package: the template, the document, and what Terraform made of it with values of its own making."""

    def __init__(self, folder: Path, stage: str) -> None:
        command = [sys.executable, "-m", "grail", "stack", "terraform", "--stage", stage]
        env = environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
        self.done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert self.done.returncode == 0, self.done.stderr
        self.stage = stage
        self.folder = folder / "build" / stage / "terraform"
        template = json.loads((self.folder.parent / "cloudformation.json").read_text())
        self.template: dict[str, Any] = template["Resources"]
        self.document: dict[str, Any] = json.loads((self.folder / "main.tf.json").read_text())
        self.made = package.check(self.folder / "main.tf.json", stage)

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


@pytest.fixture(scope="session", params=STAGES)
def packaged(request: pytest.FixtureRequest, project: Path) -> Packaged:
    """Package a stage, once for all tests of a worker."""
    return made(project, request.param)


made = cache(Packaged)


def test_terraform_takes_it(packaged: Packaged) -> None:
    """Every name, type and reference is checked, and it is applied to nothing; beside it are values and code."""
    said = packaged.done.stdout.splitlines()[-1]
    assert said == (
        f"build/{packaged.stage}/terraform: the same for Terraform, {len(packaged.made)} resources,"
        " and the stage's values"
    )
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


def _judged(packaged: Packaged, folder: Path, change: str, by: str) -> str:
    """Return what Terraform says of the document with a change in it."""
    text = (packaged.folder / "main.tf.json").read_text()
    assert change in text
    for name in (f"{packaged.stage}.auto.tfvars.json", "deployment.zip"):
        (folder / name).write_bytes((packaged.folder / name).read_bytes())
    (folder / "main.tf.json").write_text(text.replace(change, by, 1))
    with pytest.raises(GrailError) as caught:
        package.check(folder / "main.tf.json", packaged.stage)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "by", "words"),
    [
        ('"visibility_timeout_seconds"', '"visibility_timeout_second"', 'Did you mean "visibility_timeout_seconds"'),
        ('"PAY_PER_REQUEST"', '["PAY_PER_REQUEST"]', "string required"),
        ("${aws_lambda_function.Gate.version}", "${aws_lambda_function.Gat.version}", "has not been declared"),
        ("${aws_lambda_function.Gate.version}", "${aws_lambda_function.Gate.versio}", "no argument, nested block"),
        ('"attribute_name": "ttl"', '"attribute_nam": "ttl"', 'No argument or block type is named "attribute_nam"'),
        ("${jsonencode(", "${jsonencod(", 'There is no function named "jsonencod"'),
        ("${sha1(", "${tonumber(", "cannot convert"),
    ],
)
def test_a_fault_is_found(project: Path, tmp_path: Path, change: str, by: str, words: str) -> None:
    """A misspelt argument, a wrong type, what is not there, and what only an apply would show; in a line."""
    said = _judged(made(project, "dev"), tmp_path, change, by)
    assert words in said
    assert "\n" not in said


def test_a_stage_with_an_edge_stays_cloudformations(project: Path, tmp_path: Path) -> None:
    """Its second stack is of another region; that is said before anything is written."""
    template = json.loads((made(project, "dev").folder.parent / "cloudformation.json").read_text())
    with pytest.raises(GrailError, match="a stage with an edge"):
        document.of(template | {"Conditions": {}}, app="grail", stage=tmp_path.name)
