"""What deploys a stage, as far as it asks nobody: references, the stack beside the API, the CLI's settings."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grail.deploy import companion, findings
from grail.deploy.findings import Finding
from grail.deploy.intrinsics import resolved
from grail.deploy.mirror import mirrored
from grail.errors import GrailError
from grail.project import Project
from grail.stack import overlay, parts

APP = """
from chalice import Chalice

app = Chalice("shop", configure_logs=False)
TABLE = {"key": ("pk", "sk"), "indexes": {}, "ttl": "ttl", "stream": "NEW_IMAGE"}


@app.route("/things/{name}")
def things(name):
    return {"name": name}


@app.schedule("rate(1 hour)")
def tidy(event):
    pass
"""
PLAN = {"rate_limit": 5, "burst_limit": 9}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return an app that knows nothing of this blueprint, with users, alarms, a plan and a canary."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text('[tool.grail]\ntable = "app:TABLE"\n')
    (tmp_path / ".chalice").mkdir()
    own = {"tidy": {"environment_variables": {"OIDC_ISSUER": "https://elsewhere.example"}}}
    stage = {"alarms": True, "usage_plan": PLAN, "user_pool": True, "deployment": "Canary10Percent5Minutes"}
    config = {"version": "2.0", "app_name": "shop", "stages": {"prod": {**stage, "lambda_functions": own}}}
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config))
    monkeypatch.syspath_prepend(tmp_path)
    blueprints = sys.modules.pop("app", None)
    yield Project(tmp_path)
    sys.modules.pop("app", None)
    if blueprints is not None:
        sys.modules["app"] = blueprints


def beside(project: Project) -> dict[str, Any]:
    """Return the template of the stack beside the API."""
    merged = overlay.template(project, "prod")
    return companion.template(project, "prod", parts.of(project, "prod", sys.modules["app"].app), merged)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Api"}, "abc"),
        ({"Fn::GetAtt": ["Queue", "Arn"]}, "arn:q"),
        ({"Fn::Sub": "x/${Api}/${Queue.Arn}"}, "x/abc/arn:q"),
        ([{"a": {"Ref": "Api"}}, 1, None], [{"a": "abc"}, 1, None]),
        ({"Fn::Sub": "${!Api}"}, "${!Api}"),
    ],
)
def test_a_reference_is_replaced_by_what_it_gives(value: Any, expected: Any) -> None:
    """At any depth; what is none stays."""
    assert resolved(value, {"Api": "abc", "Queue.Arn": "arn:q"}) == expected


@pytest.mark.parametrize("value", [{"Ref": "Other"}, {"Fn::GetAtt": ["Other", "Arn"]}, {"Fn::Sub": "${Other}"}])
def test_a_reference_to_what_is_not_known_is_no_guess(value: Any) -> None:
    """It is refused where everything must be known, and else stays for CloudFormation."""
    with pytest.raises(GrailError, match="Other"):
        resolved(value, {})
    assert resolved(value, {}, strict=False) == value


def test_half_a_substitution_is_left_to_cloudformation() -> None:
    """What is known is put in, the rest is asked for."""
    assert resolved({"Fn::Sub": "${A}/${B}"}, {"A": "a"}, strict=False) == {"Fn::Sub": "a/${B}"}


def test_the_stack_beside_the_api_has_what_chalice_has_not(project: Project) -> None:
    """Plan, keys, alarms, log and what is given up; not the data, nor what needs a function's version."""
    resources = beside(project)["Resources"]
    assert {"UsagePlan", "ApiKeyUsage", "Alarms", "Dashboard", "ApiAccessLog", "Failures", "TidyGivenUp"} <= set(
        resources
    )
    assert not {"Table", "ApiKey", "UserPool", "APIHandler", "APIHandlerLogs", "RestAPI", "TidyNewVersionAlarm"} & set(
        resources
    )


def test_the_stack_beside_the_api_refers_to_nothing_outside_it(project: Project) -> None:
    """Each reference is to a resource of its own, or to the API, whose id is its parameter."""
    template = beside(project)
    assert list(template["Parameters"]) == ["RestAPI"]
    own = {*template["Resources"], "RestAPI"}

    def check(value: Any) -> None:
        match value:
            case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]}:
                assert name in own or name.startswith("AWS::"), name
            case dict():
                for part in value.values():
                    check(part)
            case list():
                for part in value:
                    check(part)

    check(template["Resources"])
    assert template["Resources"]["ApiKeyUsage"]["Properties"]["Value"] == (
        "{{resolve:secretsmanager:shop-prod-api-key:SecretString}}"
    )
    stages = template["Resources"]["UsagePlan"]["Properties"]["ApiStages"]
    assert stages == [{"ApiId": {"Ref": "RestAPI"}, "Stage": "api"}]


def test_the_cli_is_told_of_the_users(project: Project) -> None:
    """In a folder of its own; a function that has users of its own keeps them, and the project stays as it is."""
    before = (project.folder / ".chalice" / "config.json").read_text()
    with mirrored(
        project, "prod", variables={"OIDC_ISSUER": "https://ours"}, functions=["api_handler", "tidy"]
    ) as made:
        config = json.loads((made.folder / ".chalice" / "config.json").read_text())
        functions = config["stages"]["prod"]["lambda_functions"]
        assert functions["api_handler"]["environment_variables"] == {"OIDC_ISSUER": "https://ours"}
        assert functions["tidy"]["environment_variables"] == {"OIDC_ISSUER": "https://elsewhere.example"}
        assert (made.folder / "app.py").read_text() == APP
        assert not made.state.exists()
    assert (project.folder / ".chalice" / "config.json").read_text() == before
    assert not made.folder.exists()


def test_a_difference_is_said_in_words() -> None:
    """What it is, what it has to be; what is not declared is nobody's business."""
    found = list(findings.compared("queue q", {"Delay": 1, "Size": 2}, {"Delay": 0, "Kept": 4}))
    assert [one.words for one in found] == [
        "queue q: Delay is 1, declared is 0",
        "queue q: Kept is absent, declared is 4",
    ]


def test_each_thing_is_mended_once() -> None:
    """However many differences it makes up for; what can't be mended is left."""
    done: list[str] = []

    def mend() -> None:
        done.append("put")

    assert list(findings.mended([Finding("a", mend), Finding("b", mend), Finding("c")])) == ["a", "b"]
    assert done == ["put"]
