"""The settings of `.chalice/config.json` that are not Chalice's."""

import ast
import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chalice.config
import pytest

from grail.errors import GrailError
from grail.project import Project
from grail.stack import settings
from grail.stack.edge_settings import EdgeSettings
from grail.stack.known_settings import Level
from grail.stack.settings import FunctionSettings, Settings
from tests.system.conftest import ROOT


def project(folder: Path, stage: dict[str, Any], **top: Any) -> Project:
    """Return a project with a stage, and with settings for all stages."""
    (folder / ".chalice").mkdir(exist_ok=True)
    config = {"version": "2.0", "app_name": "shop", **top, "stages": {"prod": stage}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    return Project(folder)


def test_what_is_absent_has_its_default(tmp_path: Path) -> None:
    """And so has what a stage takes away with null."""
    assert settings.read(project(tmp_path, {}), "prod") == Settings()
    assert settings.read(project(tmp_path, {"alarms": None}, alarms=True), "prod") == Settings()
    assert settings.of_function(project(tmp_path, {"snap_start": None}), "prod", "f") == FunctionSettings()


def test_a_stages_setting_goes_before_the_one_for_all(tmp_path: Path) -> None:
    """As with Chalice's own."""
    found = settings.read(project(tmp_path, {"log_days": 90}, log_days=7, user_pool=True), "prod")
    assert (found.log_days, found.user_pool) == (90, True)


@pytest.mark.parametrize("stage", json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"])
def test_the_blueprints_own_settings_are_valid(stage: str) -> None:
    """Every stage's, and those of each of its functions."""
    found = Project(ROOT)
    settings.read(found, stage)
    for function in found.config["stages"][stage]["lambda_functions"]:
        settings.of_function(found, stage, function)


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        ({"log_dayz": 30}, r"stage prod: there is no setting 'log_dayz'; did you mean 'log_days'\?"),
        ({"lambda_memory": 1}, r"stage prod: there is no setting 'lambda_memory'; did you mean 'lambda_memory_size'\?"),
        ({"xyzzy": 1}, "stage prod: there is no setting 'xyzzy'$"),
        ({"log_retention_in_days": 30}, "broken in Chalice 1.34, and log_days does it"),
        ({"app_name": "shop"}, "stage prod: there is no setting 'app_name'"),
        ({"lambda_functions": {"f": {"alarms": True}}}, "stage prod, f: there is no setting 'alarms'"),
        ({"lambda_functions": {"f": {"lambda_timeut": 1}}}, "stage prod, f: there is no setting 'lambda_timeut'"),
        ({"log_days": 31}, "stage prod: log_days must be one of 1, 3, 5, .* not 31"),
        ({"log_days": "30"}, "stage prod: log_days must be one of .* not '30'"),
        ({"log_days": True}, "stage prod: log_days must be one of .* not True"),
        ({"log_days": []}, "stage prod: log_days must be one of"),
        ({"user_pool": "yes"}, "stage prod: user_pool must be true or false, not 'yes'"),
        ({"gateway_log_role": 1}, "stage prod: gateway_log_role must be true or false, not 1"),
        ({"alarms": "ops"}, "stage prod: alarms must be true or false, an email address or the ARN"),
        ({"alarms": "arn:aws:sqs:us-east-1:123456789012:ops"}, "stage prod: alarms must be"),
        ({"alarms": 1}, "stage prod: alarms must be"),
        ({"table_key": "mine"}, "stage prod: table_key must be one of owned, managed, customer, not 'mine'"),
        ({"throttle": 5}, "stage prod: throttle is 5, not an object"),
        ({"usage_plan": 5}, "stage prod: usage_plan is 5, not an object"),
        ({"usage_plan": {"rate_limit": 1}}, "stage prod: usage_plan has only one of rate_limit and burst_limit"),
        ({"edge": True}, "stage prod: edge is True, not an object"),
        ({"edge": {"domian": "a.b"}}, "stage prod: edge has an unknown 'domian'"),
        ({"deployment": "Canary"}, "stage prod: deployment must be one of AllAtOnce, Canary10Percent5Minutes, "),
        ({"deployment": "Canary10Percent5Minutes"}, "stage prod: deployment Canary10Percent5Minutes needs alarms"),
        ({"provisioned_concurrency": 0}, "stage prod: provisioned_concurrency must be a whole number above 0, not 0"),
        ({"lambda_functions": {"f": {"provisioned_concurrency": 1.5}}}, "prod, f: provisioned_concurrency must be"),
        ({"lambda_functions": {"f": {"snap_start": "on"}}}, "prod, f: snap_start must be true or false, not 'on'"),
    ],
)
def test_what_can_not_be_is_refused(tmp_path: Path, stage: dict[str, Any], words: str) -> None:
    """In one line, that names the place and the nearest name that is known."""
    with pytest.raises(GrailError, match=words) as caught:
        settings.read(project(tmp_path, stage), "prod")
    assert "\n" not in str(caught.value)


def test_settings_for_all_stages_are_checked_too(tmp_path: Path) -> None:
    """At the top, and in its functions."""
    for top in ({"alarm": True}, {"lambda_functions": {"f": {"alarm": True}}}):
        with pytest.raises(GrailError, match=r"^\.chalice/config.json(, f)?: there is no setting 'alarm'"):
            settings.read(project(tmp_path, {}, **top), "prod")


@pytest.mark.parametrize("alarms", [True, "ops@example.com", "arn:aws:sns:eu-west-1:123456789012:ops"])
def test_who_is_told_of_alarms(tmp_path: Path, alarms: bool | str) -> None:  # noqa: FBT001 - a setting
    """Whoever subscribes, somebody by email, or whoever a topic of the account tells."""
    stage = {"alarms": alarms, "deployment": "Linear10PercentEvery1Minute"}
    assert settings.read(project(tmp_path, stage), "prod").alarms == alarms


def test_a_functions_setting_is_found_where_chalice_would_find_it(tmp_path: Path) -> None:
    """The stage's function, the stage, the function for all stages, all."""
    name = "provisioned_concurrency"
    places: list[Callable[[dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]] = [
        lambda one: ({"lambda_functions": {"f": one}}, {}),
        lambda one: (one, {}),
        lambda one: ({}, {"lambda_functions": {"f": one}}),
        lambda one: ({}, one),
    ]
    for first in range(len(places)):
        stage: dict[str, Any] = {}
        top: dict[str, Any] = {}
        for number in range(first, len(places)):
            in_stage, at_top = places[number]({name: number + 1})
            stage |= in_stage
            top |= at_top
        found = settings.of_function(project(tmp_path, stage, **top), "prod", "f")
        assert found.provisioned_concurrency == first + 1


def test_snap_start_needs_a_python_that_lambda_can_restore(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """3.12 or later, on which Chalice runs; and it is instead of provisioned concurrency."""
    found = project(tmp_path, {"snap_start": True})
    monkeypatch.setattr(sys, "version_info", (3, 12, 0))
    assert settings.of_function(found, "prod", "f").snap_start
    monkeypatch.setattr(sys, "version_info", (3, 11, 9))
    with pytest.raises(GrailError, match=r"stage prod, f: snap_start needs Python 3\.12"):
        settings.of_function(found, "prod", "f")
    with pytest.raises(GrailError, match="snap_start and provisioned_concurrency exclude each other"):
        settings.of_function(project(tmp_path, {"snap_start": True, "provisioned_concurrency": 1}), "prod", "f")


def test_chalices_names_are_those_that_it_looks_up() -> None:
    """Its own source says which, and where: of a newer Chalice, another list."""
    found: dict[Level, set[str]] = {Level.TOP: {"version", "stages"}, Level.STAGE: {"lambda_functions"}}
    tree = ast.parse(Path(chalice.config.__file__).read_text())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        match call:
            case ast.Call(func=ast.Attribute(attr="_chain_merge"), args=[ast.Constant(value=str(name))]):
                found.setdefault(Level.FUNCTION, set()).add(name)
            case ast.Call(func=ast.Attribute(attr="_chain_lookup"), args=[ast.Constant(value=str(name))]):
                varies = {keyword.arg for keyword in call.keywords if getattr(keyword.value, "value", False)}
                level = Level.STAGE if "varies_per_chalice_stage" in varies else Level.TOP
                found.setdefault(Level.FUNCTION if "varies_per_function" in varies else level, set()).add(name)
    never_in_a_file, broken = {"chalice_app", "project_dir"}, {"log_retention_in_days"}
    assert Level.FUNCTION.value == found[Level.FUNCTION] - broken
    assert Level.STAGE.value - Level.FUNCTION.value == found[Level.STAGE]
    assert Level.TOP.value - Level.STAGE.value == found[Level.TOP] - never_in_a_file


@pytest.mark.parametrize(
    ("heading", "kinds"), [("## Settings", (Settings, FunctionSettings)), ("## The edge", (EdgeSettings,))]
)
def test_every_setting_is_documented(heading: str, kinds: tuple[Any, ...]) -> None:
    """With its default, in one row of docs/stack.md."""
    section = (ROOT / "docs" / "stack.md").read_text().partition(heading)[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    documented = {name.removeprefix("| ").strip("`"): default.strip("`") for name, default, *_ in rows}
    declared = {field.name: field.default for kind in kinds for field in dataclasses.fields(kind)}
    assert documented == {name: "none" if value is None else json.dumps(value) for name, value in declared.items()}
    assert len(rows) == len(documented)
