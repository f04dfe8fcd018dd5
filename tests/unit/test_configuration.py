"""The files that are read by others: stages, policies, settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app import app
from chalicelib.repositories.queue import QUEUES, RECEIVES
from chalicelib.settings import APP, Settings
from grail.project import Project
from grail.stack import data, event_sources

ROOT = Path(__file__).resolve().parents[2]
CONFIG = json.loads((ROOT / ".chalice" / "config.json").read_text())
STAGES = ("dev", "staging", "prod")
TABLE = Project(ROOT).registered("table")


def policy(stage: str, function: str) -> str:
    """Return the text of the policy that a stage's function has."""
    name: str = CONFIG["stages"][stage]["lambda_functions"][function]["iam_policy_file"]
    return (ROOT / ".chalice" / name).read_text()


def test_the_stages_are_those_promised() -> None:
    """Three of them, arm64, with traces where there are users."""
    assert tuple(CONFIG["stages"]) == STAGES
    assert CONFIG["lambda_architecture"] == "arm64"
    assert [CONFIG["stages"][stage].get("xray", False) for stage in STAGES] == [False, True, True]


def test_the_app_has_one_name() -> None:
    """In the code, in the configuration, in Chalice's object."""
    assert APP == CONFIG["app_name"] == app.app_name


def test_no_local_address_is_configured() -> None:
    """Every stage deploys to AWS."""
    assert "localhost" not in json.dumps(CONFIG)
    assert "127.0.0.1" not in json.dumps(CONFIG)
    assert "ENDPOINT" not in json.dumps(CONFIG)


def test_no_secret_is_configured() -> None:
    """What stands in an environment is read by whoever may look at a function: secrets have a store of their own."""
    settings = [CONFIG, *CONFIG["stages"].values()]
    settings += [function for one in settings for function in one.get("lambda_functions", {}).values()]
    names = {name for one in settings for name in one.get("environment_variables", {})}
    assert names
    assert not [name for name in names if re.search("SECRET|PASSWORD|TOKEN|CREDENTIAL|_KEY$", name)]


FUNCTIONS = ("api_handler", "gate", *(source.name for source in app.event_sources))
"""Every Lambda function that Chalice makes of the app."""


@pytest.mark.parametrize("stage", STAGES)
def test_every_function_is_configured(stage: str) -> None:
    """Each has its own policy; no setting is for a function that there is not."""
    functions = CONFIG["stages"][stage]["lambda_functions"]
    assert set(functions) == set(FUNCTIONS)
    assert len({settings["iam_policy_file"] for settings in functions.values()}) == len(FUNCTIONS)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_resources_have_one_name(stage: str) -> None:
    """The app uses what the stack creates; the policies allow that, and the functions' own logs, and nothing else."""
    settings = Settings.read(CONFIG["stages"][stage]["environment_variables"])
    resources = data.template_of(Project(ROOT), stage)["Resources"].values()
    names = {
        name
        for resource in resources
        for key, name in resource["Properties"].items()
        if key in {"TableName", "QueueName", "BucketName"}
    }
    names.add(event_sources.failures_name(APP, stage))
    assert settings.table_name in names
    assert settings.bucket_name in names
    queues = {settings.queue_name(queue) for queue in QUEUES}
    assert queues | {f"{queue}-dlq" for queue in queues} <= names
    for function in FUNCTIONS:
        document = policy(stage, function)
        own = f"{APP}-{stage}" + ("" if function == "api_handler" else f"-{function}")
        assert f"log-group:/aws/lambda/{own}:*" in document
        used = {arn.split(":", 5)[5].removeprefix("table/").split("/")[0] for arn in arns(document)}
        assert used - {f"log-group:/aws/lambda/{own}:*", "log-group:"} <= names


def arns(document: str) -> list[str]:
    """Return the resources that a policy names."""
    found = [statement["Resource"] for statement in json.loads(document)["Statement"]]
    listed = [arn for resource in found for arn in ([resource] if isinstance(resource, str) else resource)]
    return [arn for arn in listed if arn != "*"]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", QUEUES)
def test_a_message_stays_hidden_while_it_is_worked_on(stage: str, name: str) -> None:
    """For six times the function's timeout, as AWS advises; and it is received as often as the worker counts."""
    [function] = [source.name for source in app.event_sources if getattr(source, "queue", None) == f"{APP}-dev-{name}"]
    timeout = CONFIG["stages"][stage]["lambda_functions"][function]["lambda_timeout"]
    assert QUEUES[name]["visibility_seconds"] >= 6 * timeout
    assert QUEUES[name]["receives"] == RECEIVES


@pytest.mark.parametrize("function", FUNCTIONS)
def test_stages_differ_in_names_only(function: str) -> None:
    """A policy that works in staging works in prod."""
    assert policy("staging", function).replace("-staging", "-prod") == policy("prod", function)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_policy_is_least_privilege(stage: str, function: str) -> None:
    """No wildcard action, and no wildcard resource but X-Ray's, which has no resources (Service Authorization)."""
    document: dict[str, Any] = json.loads(policy(stage, function))
    for statement in document["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        assert statement["Resource"] != "*" or all(action.startswith("xray:") for action in statement["Action"])
        assert "dynamodb:Scan" not in statement["Action"]


def test_only_prod_keeps_its_data() -> None:
    """Deletion protection and Retain, and nothing else differs between the stages' tables."""
    tables = {stage: data.template(app=APP, stage=stage, table=TABLE)["Resources"]["Table"] for stage in STAGES}
    assert [tables[stage]["DeletionPolicy"] for stage in STAGES] == ["Delete", "Delete", "RetainExceptOnCreate"]
    assert [tables[stage]["Properties"]["DeletionProtectionEnabled"] for stage in STAGES] == [False, False, True]
    properties = tables["prod"]["Properties"]
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.mark.parametrize("shards", ["0", "-1", "x", ""])
def test_a_bad_setting_is_refused(shards: str) -> None:
    """At start, not at the first list."""
    with pytest.raises(ValueError, match=r"PEOPLE_SHARDS|invalid literal"):
        Settings.read({"PEOPLE_SHARDS": shards})


def test_what_ships_is_pinned() -> None:
    """Every requirement has one version."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert all("==" in line for line in (ROOT / name).read_text().splitlines())


def test_the_documented_figures_are_the_measured_ones() -> None:
    """docs/benchmarks.md shows what the committed results say, rounded, and all of it."""
    results = json.loads((ROOT / "benchmarks" / "results" / "warm.json").read_text())["results"]
    rows = [
        f"| {row['operation']} | {row['contestant']} "
        f"| {row['telemetry_off']['to_baseline']['median']:.2f} | {row['telemetry_on']['to_baseline']['median']:.2f} |"
        for row in results
    ]
    for name in ("authorizer", "worker"):
        ratios = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())["results"]
        rows += [f"| {contestant} | {row['ratio']['median']:.2f} |" for contestant, row in ratios.items()]
    migrations = json.loads((ROOT / "benchmarks" / "results" / "migrate.json").read_text())["results"]
    rows += [
        f"| {contestant} | {int(items):,} | {row['ratio']:.2f} | {row['client_us']:.0f} | {row['peak_mb']:.0f} |"
        for contestant, sizes in migrations.items()
        for items, row in sizes.items()
    ]
    page = (ROOT / "docs" / "benchmarks.md").read_text()
    figures = [line for line in page.splitlines() if line.startswith("|") and "times" not in line and "---" not in line]
    assert figures == rows


def test_a_decision_is_as_cheap_as_promised() -> None:
    """By the committed figures: at most one and a half times PyJWT's verification, with a read and without."""
    document = json.loads((ROOT / "benchmarks" / "results" / "authorizer.json").read_text())
    assert document["grants"] == 50
    for name in ("a decision, all in the process", "a decision, one read"):
        assert document["results"][name]["ratio"]["median"] <= 1.5


def test_a_batch_is_as_cheap_as_promised() -> None:
    """By the committed figures: ten messages cost at most 1.2 times a bare loop of ten calls."""
    document = json.loads((ROOT / "benchmarks" / "results" / "worker.json").read_text())
    assert document["messages"] == 10
    assert document["results"]["the worker"]["ratio"]["median"] <= 1.2


def test_a_migration_is_as_cheap_as_promised() -> None:
    """By the committed figures: at most 1.3 times a bare loop; memory and time per item stay for ten times more."""
    results = json.loads((ROOT / "benchmarks" / "results" / "migrate.json").read_text())["results"]["grail migrate"]
    small, large = results["10000"], results["100000"]
    assert large["ratio"] <= 1.3
    assert large["peak_mb"] <= 1.1 * small["peak_mb"]
    assert large["client_us"] <= 1.2 * small["client_us"]
