"""The pipelines' files: what no linter of theirs asks."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from grail.pipeline import codepipeline

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEMPLATE = codepipeline.template("shop", ["staging", "prod"])


def loaded(file: Path) -> Any:
    """Return a YAML file; YAML 1.1 reads the key `on` as true."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned_by_commit(file: Path) -> None:
    """Each action of others is named by 40 hexadecimal digits, and its version stands beside."""
    used = re.findall(r"uses: (?!\./)(.*)", file.read_text(encoding="utf-8"))
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_workflow_has_a_secret(file: Path) -> None:
    """There is none to leak: AWS lends a role for a token of GitHub's."""
    text = file.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert loaded(file)["permissions"] == {"contents": "read"}


def test_a_pull_request_gets_no_token() -> None:
    """What a pull request starts has no job that may ask for one, and calls no other workflow."""
    started = [loaded(file) for file in WORKFLOWS if "pull_request" in loaded(file)[True]]
    assert len(started) == 1
    for job in started[0]["jobs"].values():
        assert "permissions" not in job
        assert "uses" not in job


def test_a_stage_is_deployed_by_one_job_at_a_time_of_main_alone() -> None:
    """The job has the stage's environment, where the approval is, and a group that nothing cuts off."""
    job = loaded(ROOT / ".github" / "workflows" / "deploy-stage.yml")["jobs"]["deploy"]
    assert job["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    assert job["environment"] == "${{ inputs.stage }}"
    assert job["concurrency"] == {"group": "deploy-${{ inputs.stage }}", "cancel-in-progress": False}


def test_prod_comes_after_staging_after_packages_after_tests() -> None:
    """Each job needs the one before it."""
    jobs = loaded(ROOT / ".github" / "workflows" / "deploy.yml")["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "test": None,
        "package": "test",
        "staging": "package",
        "prod": "staging",
    }


def test_the_buildspec_is_one() -> None:
    """Version 0.2, with the keys that CodeBuild's reference knows, and the packages of each stage as its artifacts."""
    spec = loaded(ROOT / "buildspec.yml")
    assert spec["version"] == 0.2
    assert spec.keys() <= {"version", "run-as", "env", "proxy", "batch", "phases", "reports", "artifacts", "cache"}
    assert spec["phases"].keys() <= {"install", "pre_build", "build", "post_build"}
    known = {"run-as", "on-failure", "runtime-versions", "commands", "finally", "steps"}
    assert all(phase.keys() <= known for phase in spec["phases"].values())
    made = {command.rpartition("=")[2] for command in spec["phases"]["build"]["commands"] if "package" in command}
    kept = {name.split("/")[1] for name in spec["artifacts"]["files"]}
    assert made == kept == {"staging", "prod"}


def test_the_pipeline_waits_for_a_person_before_prod() -> None:
    """Source, build, staging, then an approval before prod's deployment."""
    stages = TEMPLATE["Resources"]["Pipeline"]["Properties"]["Stages"]
    actions = [(stage["Name"], [action["ActionTypeId"]["Provider"] for action in stage["Actions"]]) for stage in stages]
    assert actions == [
        ("Source", ["CodeStarSourceConnection"]),
        ("Build", ["CodeBuild"]),
        ("staging", ["CodeBuild"]),
        ("prod", ["Manual", "CodeBuild"]),
    ]
    approve, deploy = stages[-1]["Actions"]
    assert approve["RunOrder"] < deploy["RunOrder"]


def test_the_pipeline_queues() -> None:
    """Two executions are never in one stage."""
    assert TEMPLATE["Resources"]["Pipeline"]["Properties"]["ExecutionMode"] == "QUEUED"


def test_what_tests_and_packages_can_deploy_nothing() -> None:
    """Neither the pipeline's role nor the build's may change a stack, be a deployer, or write what a stage reads."""
    for role in ("PipelineRole", "BuildRole"):
        [policy] = TEMPLATE["Resources"][role]["Properties"]["Policies"]
        text = json.dumps(policy)
        assert not re.search(r"cloudformation:|sts:|iam:|\$\{AWS::Region\}/(staging|prod)/", text)


def test_the_committed_pipeline_is_the_generated_one() -> None:
    """Else what was reviewed is not what is made."""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))
    stages = [name for name, stage in config["stages"].items() if stage.get("permissions_boundary")]
    made = json.dumps(codepipeline.template(config["app_name"], stages), indent=2, sort_keys=True) + "\n"
    assert (ROOT / "infra" / "pipeline.json").read_text(encoding="utf-8") == made
