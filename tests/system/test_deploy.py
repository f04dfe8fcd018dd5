"""`python -m grail deploy`, `stack check|apply` and `destroy`: with the real Chalice CLI, to an account on moto."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.settings import APP
from grail.deploy.intrinsics import resolved
from grail.localcloud.moto_state import ACCOUNT
from grail.localcloud.services import REGION
from grail.pipeline import deployer
from tests import moto_account
from tests.conftest import PROVE
from tests.system.conftest import ROOT, copy_project, environment

STAGE = "prod"
NAME = f"{APP}-{STAGE}"
STEPS = [  # in the order of a first deployment: an operation that fails once, after some more of its kind
    ("CreateChangeSet", 0),  # the data stack
    ("ExecuteChangeSet", 0),
    ("POST /restapis", 0),
    (f"PUT /{NAME}-files/deployed/{STAGE}.json", 0),  # the record of what is about to be made
    ("CreateRole", 0),
    ("POST /2015-03-31/functions", 0),
    ("POST /2015-03-31/event-source-mappings", 0),
    ("CreateRole", 0),
    ("POST /2015-03-31/event-source-mappings", 1),
    ("POST /2015-03-31/functions", 1),
    ("PutRule", 1),
    ("PUT /restapis/{api}", 0),  # Chalice's
    ("POST /restapis/{api}/deployments", 0),
    (f"PUT /{NAME}-files/deployed/{STAGE}.json", 1),
    ("CreateChangeSet", 1),  # the companion; the first is the data stack, as it is
    ("ExecuteChangeSet", 0),
    ("PUT /restapis/{api}", 1),  # ours
    ("PATCH /restapis/{api}/stages/api", 0),
    ("POST /restapis/{api}/deployments", 1),
]


@dataclass
class Account:
    """A copy of the project, and an account to deploy it to."""

    folder: Path
    url: str

    def grail(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a verb."""
        return subprocess.run(
            [sys.executable, "-m", "grail", *arguments],
            cwd=self.folder, env=environment() | self.reached() | variables,
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    def bootstrap(self) -> None:
        """Make what the stage's roles are bounded by, what CloudFormation works in, and the bucket for packages."""
        done = self.grail("bootstrap", "--stage", STAGE)
        assert done.returncode == 0, done.stderr

    def deploy(self) -> subprocess.CompletedProcess[str]:
        """Deploy the stage; it must succeed."""
        done = self.grail("deploy", "--stage", STAGE)
        assert done.returncode == 0, done.stderr
        return done

    def check(self) -> list[str]:
        """Return what differs, in words."""
        done = self.grail("stack", "check", "--stage", STAGE)
        assert done.returncode == (1 if done.stdout else 0), done.stderr
        return done.stdout.splitlines()

    def reached(self) -> dict[str, str]:
        """Return the environment that leads to the account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def client(self, service: str) -> Any:
        """Return a client of the account."""
        session = boto3.Session("testing", "testing", region_name=REGION)
        return session.client(service, endpoint_url=self.url)  # type: ignore[call-overload]

    def fail(self, operation: str, after: int) -> None:
        """Let an operation fail once."""
        apis = self.client("apigateway").get_rest_apis()["items"]
        name = operation.format(api=apis[0]["id"] if apis else "none")
        moto_account.ask(f"{self.url}/_fail?operation={name.replace(' ', '+')}&after={after}")

    def counted(self) -> dict[str, int]:
        """Return how many there are of what could be made twice, or left behind."""
        lambda_ = self.client("lambda")
        events = self.client("events")
        return {
            "apis": len(self.client("apigateway").get_rest_apis()["items"]),
            "functions": len(lambda_.list_functions()["Functions"]),
            "mappings": len(lambda_.list_event_source_mappings()["EventSourceMappings"]),
            "rules": len(events.list_rules()["Rules"]),
            "roles": len([one for one in self.client("iam").list_roles()["Roles"] if APP in one["RoleName"]]),
            "plans": len(self.client("apigateway").get_usage_plans()["items"]),
            "keys": len(self.client("apigateway").get_api_keys()["items"]),
            "queues": len(self.client("sqs").list_queues().get("QueueUrls", [])),
            "tables": len(self.client("dynamodb").list_tables()["TableNames"]),
            "buckets": len(self.client("s3").list_buckets()["Buckets"]),
            "logs": len(self.client("logs").describe_log_groups()["logGroups"]),
            "secrets": len(self.client("secretsmanager").list_secrets()["SecretList"]),
        }


ALL = {
    "apis": 1, "functions": 8, "mappings": 3, "rules": 3, "roles": 12, "plans": 1, "keys": 2, "queues": 5, "tables": 1,
    "buckets": 2, "logs": 10, "secrets": 2,
}  # fmt: skip
LEFT = {"roles": 3, "buckets": 1}  # the bootstrap's, and the role in which API Gateway writes a region's logs
KEPT = {"roles": 3, "queues": 4, "tables": 1, "buckets": 2, "logs": 8}


def deployer_may() -> set[str]:
    """Return the actions that a pipeline's role may do."""
    statements = deployer.role(APP, STAGE, repository=None, provider_if="Never")["Properties"]["Policies"][0]
    return {action for statement in statements["PolicyDocument"]["Statement"] for action in statement["Action"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project, without what ships: to download that takes minutes."""
    made = copy_project(tmp_path_factory.mktemp("deploy"))
    (made / "requirements.txt").write_text("")
    return made


@pytest.fixture(scope="module")
def account(folder: Path) -> Iterator[Account]:
    """Return an account where the stage is deployed. What a test changes there it mends."""
    with moto_account.served() as url:
        made = Account(folder, url)
        made.bootstrap()
        made.deploy()
        yield made


def test_a_stage_is_deployed_as_a_whole(account: Account) -> None:
    """All that the app declares is there, and nothing differs from it."""
    assert account.counted() == ALL
    assert account.check() == []


def test_the_api_is_the_packaged_one(account: Account) -> None:
    """The definition that was put is the packaged template's, but that functions are called without their alias."""
    put = moto_account.ask(f"{account.url}/_put")
    done = account.grail("stack", "package", "--stage", STAGE)
    assert done.returncode == 0, done.stderr
    template = json.loads((account.folder / "build" / STAGE / "cloudformation.json").read_text())
    roles = {role["RoleName"]: role["Arn"] for role in account.client("iam").list_roles()["Roles"]}
    known = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
    for name, resource in template["Resources"].items():
        match resource:
            case {"Type": "AWS::Lambda::Function", "Properties": {"FunctionName": function}}:
                known[f"{name}Aliaslive"] = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"
    [known["InboxSenderRole.Arn"]] = [arn for name, arn in roles.items() if "InboxSenderRole" in name]
    assert put == resolved(template["Resources"]["RestAPI"]["Properties"]["Body"], known)


def test_what_functions_may_do_is_the_packaged_one(account: Account) -> None:
    """Each function's role has the one policy that the packaged template has of it."""
    out = account.folder / "build" / STAGE
    if not out.exists():
        assert account.grail("stack", "package", "--stage", STAGE).returncode == 0
    resources = json.loads((out / "cloudformation.json").read_text())["Resources"]
    iam, lambda_ = account.client("iam"), account.client("lambda")
    compared = 0
    for resource in resources.values():
        if resource["Type"] == "AWS::Lambda::Function":
            [packaged] = resources[resource["Properties"]["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"]
            found = lambda_.get_function_configuration(FunctionName=resource["Properties"]["FunctionName"])
            role = found["Role"].rpartition("/")[2]
            [name] = iam.list_role_policies(RoleName=role)["PolicyNames"]
            assert iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] == packaged["PolicyDocument"]
            compared += 1
    assert compared == ALL["functions"]


def test_a_change_is_deployed_to_the_same_stage(account: Account) -> None:
    """A setting that changed is changed, the API keeps its address, and nothing is there twice."""
    [before] = account.client("apigateway").get_rest_apis()["items"]
    file = account.folder / ".chalice" / "config.json"
    kept = file.read_text()
    file.write_text(kept.replace('"lambda_timeout": 5}', '"lambda_timeout": 6}'))
    assert any("Timeout is 5, declared is 6" in line for line in account.check())
    account.deploy()
    found = account.client("lambda").get_function_configuration(FunctionName=f"{NAME}-gate")
    [after] = account.client("apigateway").get_rest_apis()["items"]
    file.write_text(kept)
    assert (found["Timeout"], after["id"], account.counted()) == (6, before["id"], ALL)
    assert account.grail("stack", "apply", "--stage", STAGE).returncode == 0


@pytest.mark.parametrize("stale", ["", '{"resources": [], "schema_version": "2.0", "backend": "api"}'][: 1 + PROVE])
def test_a_lost_record_makes_no_second_stage(account: Account, stale: str) -> None:
    """Neither in this folder nor in the bucket, or an old one: what is there is found."""
    local = account.folder / ".chalice" / "deployed" / f"{STAGE}.json"
    local.write_text(stale) if stale else local.unlink()
    account.client("s3").delete_object(Bucket=f"{NAME}-files", Key=f"deployed/{STAGE}.json")
    account.deploy()
    assert account.counted() == ALL
    assert account.check() == []
    assert json.loads(local.read_text())["resources"]


def test_what_was_changed_by_hand_is_found_and_mended(account: Account) -> None:
    """In the API, its stage, its plan, a function, its role, its event source, a queue, the table and a log."""
    [api] = account.client("apigateway").get_rest_apis()["items"]
    gateway, lambda_ = account.client("apigateway"), account.client("lambda")
    resources = gateway.get_resources(restApiId=api["id"], limit=500)["items"]
    people = next(one["id"] for one in resources if one["path"] == "/people")
    gateway.delete_method(restApiId=api["id"], resourceId=people, httpMethod="POST")
    tracing = [{"op": "replace", "path": "/tracingEnabled", "value": "false"}]
    gateway.update_stage(restApiId=api["id"], stageName="api", patchOperations=tracing)
    [plan] = gateway.get_usage_plans()["items"]
    slower = [{"op": "replace", "path": "/throttle/rateLimit", "value": "1"}]
    gateway.update_usage_plan(usagePlanId=plan["id"], patchOperations=slower)
    lambda_.update_function_configuration(FunctionName=f"{NAME}-gate", Environment={"Variables": {"STAGE": "dev"}})
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    account.client("iam").put_role_policy(RoleName=f"{NAME}-gate", PolicyName="more", PolicyDocument=json.dumps(allow))
    queue = f"{account.url}/{ACCOUNT}/{NAME}-events"
    account.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    account.client("dynamodb").update_table(TableName=NAME, DeletionProtectionEnabled=False)
    account.client("logs").delete_retention_policy(logGroupName=f"/aws/lambda/{NAME}")
    found = account.check()
    for words in (
        "API: POST /people: is not there", "API's stage: tracing is False", f"usage plan {NAME}: throttle/rateLimit",
        f"function {NAME}-gate: variables that are not as declared: ", f"role {NAME}-gate: it has a policy more",
        f"queue {NAME}-events: VisibilityTimeout is 1", f"table {NAME}: DeletionProtectionEnabled is False",
        f"log /aws/lambda/{NAME}: days",
    ):  # fmt: skip
        assert any(words in line for line in found), (words, found)
    applied = account.grail("stack", "apply", "--stage", STAGE)
    assert applied.returncode == 0, applied.stdout  # it looked again: nothing is left
    assert "mended: API: POST /people: is not there" in applied.stdout


def test_plain_chalice_deploy_is_found_and_mended(account: Account) -> None:
    """What it takes from the gateway is said, and put back; it makes no second API."""
    variables = environment() | account.reached()
    stream = account.client("dynamodb").describe_table(TableName=NAME)["Table"]["LatestStreamArn"]
    done = subprocess.run(
        [str(Path(sys.executable).parent / "chalice"), "deploy", "--stage", STAGE],
        cwd=account.folder, env=variables | {"TABLE_STREAM_ARN": stream}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert account.counted() == ALL
    found = account.check()
    for words in ("its stage serves another definition", "validator is absent", "key is False", "OIDC_ISSUER"):
        assert any(words in line for line in found), (words, found)
    assert account.grail("stack", "apply", "--stage", STAGE).returncode == 0  # which looked again


def test_a_stage_goes_one_way_or_the_other(account: Account) -> None:
    """What was deployed directly is not deployed as a package; that is said in a line."""
    done = account.grail("deploy", "--stage", STAGE, "--via", "cloudformation", "--yes")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("go on so (VIA=chalice)")


def test_prod_goes_only_by_its_name(account: Account) -> None:
    """Without it, or with another's, nothing is asked of AWS."""
    for confirm in ("", f"{APP}-staging"):
        done = account.grail("destroy", "--stage", STAGE, "--yes", CONFIRM=confirm)
        assert (done.returncode, f"CONFIRM={NAME}" in done.stderr) == (1, True)
    assert account.counted() == ALL


def test_an_app_of_few_words_is_deployed_too(account: Account, tmp_path: Path) -> None:
    """Without table, bucket, users or plan there is no companion; and what can't be packaged can be removed."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text('{"app_name": "few", "stages": {"dev": {}}}')
    (tmp_path / "requirements.txt").write_text("")
    app = "from chalice import Chalice\napp = Chalice('few')\n@app.route('/')\ndef index():\n    return {}\n"
    (tmp_path / "app.py").write_text(app)
    few = Account(tmp_path, account.url)
    variables = {"PYTHONPATH": str(ROOT)}
    done = few.grail("deploy", **variables)
    assert done.returncode == 0, done.stderr
    found = few.grail("stack", "check", **variables)
    assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr
    (tmp_path / "app.py").write_text(f"{app}@app.on_s3_event(bucket='b')\ndef on_file(event):\n    pass\n")
    done = few.grail("deploy", **variables)
    assert "Unable to package chalice apps that @app.on_s3_event" in done.stderr.splitlines()[-1]
    gone = few.grail("destroy", "--yes", "--data", **variables)
    assert gone.returncode == 0, gone.stderr
    assert account.counted() == ALL


def test_no_region_and_no_credentials_are_said_in_a_line(folder: Path) -> None:
    """Of both verbs that change a stage, and of that which only looks."""
    region, credentials = ("AWS_DEFAULT_REGION", "no AWS region"), ("AWS_ACCESS_KEY_ID", "no AWS credentials")
    for verb, (missing, words) in (
        (["deploy"], region),
        (["destroy", "--yes"], credentials),
        (["stack", "check"], region),
    ):
        variables = Account(folder, "http://127.0.0.1:9").reached()
        del variables[missing]
        variables |= {"HOME": str(folder / "nobody"), "AWS_EC2_METADATA_DISABLED": "true"}
        done = subprocess.run(
            [sys.executable, "-m", "grail", *verb, "--stage", "staging"],
            cwd=folder, env=environment() | variables, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, words in done.stderr, len(done.stderr.splitlines())) == (1, True, 1), done.stderr


def test_whatever_fails_is_made_up_for(tmp_path: Path, folder: Path) -> None:
    """At each step in turn: what fails says so in a line, and the next run goes on; at the end nothing is doubled."""
    made = Path(shutil.copytree(folder, tmp_path / "app", ignore=shutil.ignore_patterns("deployed", "build")))
    with moto_account.served() as url:
        account = Account(made, url)
        without = account.grail("deploy", "--stage", STAGE)
        assert without.stderr.splitlines()[-1].endswith(f"`python -m grail bootstrap --stage {STAGE}` makes it")
        account.bootstrap()
        for operation, after in STEPS if PROVE else STEPS[3::6]:
            account.fail(operation, after)
            done = account.grail("deploy", "--stage", STAGE)
            assert (done.returncode, "not now" in done.stderr) == (1, True), (operation, after, done.stderr)
            assert done.stderr.splitlines()[-1].startswith("python -m grail deploy: "), (operation, done.stderr)
        moto_account.ask(f"{url}/_fail")
        account.deploy()
        assert account.counted() == ALL
        assert account.check() == []
        # and away again, cut short too; first with the data kept
        account.fail("DELETE /restapis/{api}", 0)
        first = account.grail("destroy", "--stage", STAGE, "--yes", CONFIRM=NAME)
        assert first.returncode == 1, first.stderr
        second = account.grail("destroy", "--stage", STAGE, "--yes", CONFIRM=NAME)
        assert second.returncode == 0, second.stderr
        assert {name: count for name, count in account.counted().items() if count} == KEPT
        third = account.grail("destroy", "--stage", STAGE, "--yes", "--data", CONFIRM=NAME)
        assert third.returncode == 0, third.stderr
        assert {name: count for name, count in account.counted().items() if count} == LEFT
        assert not (made / ".chalice" / "deployed" / f"{STAGE}.json").exists()


def test_a_package_is_deployed_by_cloudformation(tmp_path: Path, folder: Path) -> None:
    """Its changes are shown, and made when that is said; again, it is as it was. With its data it goes for good."""
    made = Path(shutil.copytree(folder, tmp_path / "app", ignore=shutil.ignore_patterns("deployed", "build")))
    with moto_account.served() as url:
        account = Account(made, url)
        command = ["deploy", "--stage", STAGE, "--via", "cloudformation"]
        without = account.grail(*command)
        assert "there is no bucket" in without.stderr.splitlines()[-1]
        assert not (made / "build").exists()
        bucket = f"{APP}-artifacts-{ACCOUNT}-{REGION}"
        account.client("s3").create_bucket(Bucket=bucket)
        without = account.grail(*command, "--packaged")
        assert without.stderr.splitlines()[-1].endswith(f"`make package STAGE={STAGE}` makes it")
        without = account.grail(*command)
        command.append("--packaged")
        assert without.stderr.splitlines()[-1].endswith(f"`python -m grail bootstrap --stage {STAGE}` makes it")
        account.bootstrap()
        shown = account.grail(*command)
        assert (shown.returncode, "Add      Table (AWS::DynamoDB::Table)" in shown.stderr) == (1, True), shown.stderr
        assert shown.stderr.splitlines()[-1].endswith("to be asked nothing, say --yes (make: YES=1)")
        assert account.client("dynamodb").list_tables()["TableNames"] == []
        moto_account.ask(f"{url}/_log")
        account.fail("CreateChangeSet", 1)  # the edge's
        half = account.grail(*command, "--yes")
        assert (half.returncode, "not now" in half.stderr) == (1, True), half.stderr
        first, again = account.grail(*command, "--yes"), account.grail(*command, "--yes")
        log = moto_account.ask(f"{url}/_log")
        asked = {name for name in log if re.search("ChangeSet|Stack", name)}
        # of S3: looking for the bucket, looking for what is there already, and putting it
        of_bucket = {name for name in log if f"{APP}-artifacts" in name}
        assert {name.partition(" ")[0] for name in of_bucket} == {"HEAD", "PUT"}
        assert all(
            name == f"HEAD /{bucket}" or name.split(" ")[1].startswith(f"/{bucket}/{STAGE}/") for name in of_bucket
        )
        assert {"s3:ListBucket", "s3:GetObject", "s3:PutObject"} <= deployer_may()
        assert first.stdout.splitlines()[-1] == "https://edge.cloudfront.net", first.stderr
        assert again.stderr.splitlines()[-1] == f"{NAME} is as it was", again.stderr
        assert again.stdout.splitlines()[-1] == "https://edge.cloudfront.net"
        assert account.client("lambda").get_alias(FunctionName=NAME, Name="live")["FunctionVersion"] == "1"
        assert {f"cloudformation:{name}" for name in asked} <= deployer_may()
        edge = account.client("cloudformation").describe_stacks(StackName=f"{NAME}-edge")["Stacks"]
        assert [stack["StackStatus"] for stack in edge] == ["CREATE_COMPLETE"]
        direct = account.grail("deploy", "--stage", STAGE)
        assert direct.stderr.splitlines()[-1].endswith("go on so (VIA=cloudformation)")
        kept = account.grail("destroy", "--stage", STAGE, "--yes", CONFIRM=NAME)
        assert kept.returncode == 0, kept.stderr
        assert account.client("dynamodb").list_tables()["TableNames"] == [NAME]
        assert account.client("lambda").list_functions()["Functions"] == []
        gone = account.grail("destroy", "--stage", STAGE, "--yes", "--data", CONFIRM=NAME)
        assert gone.returncode == 0, gone.stderr
        assert account.client("dynamodb").list_tables()["TableNames"] == []
        assert account.client("lambda").list_functions()["Functions"] == []
