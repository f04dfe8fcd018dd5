"""All of a stage that Chalice can't say, as one template."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grail.errors import GrailError
from grail.project import Project
from grail.stack import overlay

APP = """
from chalice import Chalice

app = Chalice("shop", configure_logs=False)
TABLE = {"key": ("pk", "sk"), "indexes": {}, "ttl": "ttl", "stream": "NEW_IMAGE"}
QUEUES = {"jobs": {"receives": 2, "visibility_seconds": 60}}


@app.route("/things/{name}")
def things(name):
    return {"name": name}


@app.on_dynamodb_record("")
def on_change(event):
    pass
"""
DECLARED = '[tool.grail]\ntable = "app:TABLE"\nqueues = "app:QUEUES"\n'
PLAN = {"rate_limit": 5, "burst_limit": 9}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of an app that knows nothing of this blueprint, but what it registers."""
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text(DECLARED)
    (tmp_path / ".chalice").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    blueprints = sys.modules.pop("app", None)
    yield tmp_path
    sys.modules.pop("app", None)
    if blueprints is not None:
        sys.modules["app"] = blueprints


def made(folder: Path, **settings: Any) -> dict[str, Any]:
    """Return a stage's template."""
    config = {"version": "2.0", "app_name": "shop", "stages": {"prod": settings}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    return overlay.template(Project(folder), "prod")


def test_any_chalice_app_has_a_whole_stage(folder: Path) -> None:
    """Its data, its functions and its API; without settings no users, plan or alarms."""
    resources = made(folder)["Resources"]
    assert set(resources) == {
        "Table", "JobsQueue", "JobsDeadLetters", "Failures",
        "APIHandler", "APIHandlerLogs", "OnChange", "OnChangeLogs",
        "RestAPI", "APIHandlerInvokePermission", "ApiAccessLog",
    }  # fmt: skip
    definition = resources["RestAPI"]["Properties"]["DefinitionBody"]
    assert definition["info"] == {"title": "shop-prod"}
    route = definition["paths"]["/things/{name}"]["get"]
    assert route["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].endswith("${APIHandler.Alias}/invocations")
    assert "responses" in route


def test_settings_add_to_it(folder: Path) -> None:
    """A plan and its key, users, alarms and the way back."""
    resources = made(
        folder, usage_plan=PLAN, user_pool=True, alarms=True, deployment="Canary10Percent5Minutes", table_key="customer"
    )["Resources"]
    added = {"UsagePlan", "ApiKeyUsage", "ApiKeyInPlan", "ApiKey", "UserPool", "Alarms", "Dashboard", "TableKey"}
    assert added <= set(resources)
    assert {"ApiFaultsAlarm", "JobsAgeAlarm", "JobsDlqDepthAlarm", "FailuresDepthAlarm"} <= set(resources)
    for alarm in resources["OnChange"]["Properties"]["DeploymentPreference"]["Alarms"]:
        assert resources[alarm["Ref"]]["Type"] == "AWS::CloudWatch::Alarm"
    assert resources["JobsAgeAlarm"]["Properties"]["Threshold"] == 2 * 60
    assert "OIDC_ISSUER" in resources["APIHandler"]["Properties"]["Environment"]["Variables"]


def test_functions_are_set_one_by_one(folder: Path) -> None:
    """As in Chalice's own `lambda_functions`."""
    resources = made(folder, lambda_functions={"api_handler": {"provisioned_concurrency": 2}})["Resources"]
    assert "ProvisionedConcurrencyConfig" in resources["APIHandler"]["Properties"]
    assert "ProvisionedConcurrencyConfig" not in resources["OnChange"]["Properties"]


def test_an_api_stage_of_another_name_is_watched_under_it(folder: Path) -> None:
    """Chalice's `api_gateway_stage`."""
    resources = made(folder, alarms=True, api_gateway_stage="v1")["Resources"]
    dimensions = resources["ApiLatencyAlarm"]["Properties"]["Dimensions"]
    assert {"Name": "Stage", "Value": "v1"} in dimensions


def test_a_function_with_the_name_of_something_else_is_refused(folder: Path) -> None:
    """They would become one resource."""
    (folder / "app.py").write_text(APP + "\n\n@app.lambda_function()\ndef table(event, context):\n    pass\n")
    with pytest.raises(GrailError, match="give the function 'table' another name"):
        made(folder)


def test_a_wrong_setting_is_refused(folder: Path) -> None:
    """Before anything is made."""
    with pytest.raises(GrailError, match="did you mean 'alarms'"):
        made(folder, alarm=True)


def test_a_route_that_wants_a_key_needs_a_plan(folder: Path) -> None:
    """Else nobody could ever call it; an edge has keys of its own."""
    (folder / "app.py").write_text(APP.replace('{name}")', '{name}", api_key_required=True)'))
    with pytest.raises(
        GrailError, match=r"stage prod has no usage_plan, and so no key, which GET /things/\{name\} wants"
    ):
        made(folder)
    assert made(folder, edge={})


def test_settings_of_an_unknown_function_are_refused(folder: Path) -> None:
    """In a stage, or for all; with the nearest that there is."""
    with pytest.raises(GrailError, match="no function 'on_chnge'; did you mean 'on_change'"):
        made(folder, lambda_functions={"on_chnge": {"lambda_timeout": 5}})


def test_an_empty_plan_is_a_plan(folder: Path) -> None:
    """It limits nothing, and a key needs one."""
    assert {"UsagePlan", "ApiKeyUsage", "ApiKeyInPlan", "ApiKey"} <= set(made(folder, usage_plan={})["Resources"])


def test_behind_an_edge_only_its_keys_are_taken(folder: Path) -> None:
    """Both, so that one can go; a client's own would be a way past the edge."""
    found = made(folder, usage_plan=PLAN, edge={"keys": ["a", "b"]})
    assert set(found["Conditions"]) == {"FarFromTheEdge"}
    keys = {name for name, one in found["Resources"].items() if one.get("Type") == "AWS::ApiGateway::ApiKey"}
    assert keys == {"EdgeKeyAUsage", "EdgeKeyBUsage"}
    assert {"EdgeKeyA", "EdgeKeyB", "EdgeKeyAInPlan", "EdgeKeyBInPlan"} <= set(found["Resources"])
    assert found["Resources"]["UsagePlan"]["Properties"]["Throttle"] == {"RateLimit": 5, "BurstLimit": 9}
    assert "Conditions" not in made(folder, usage_plan=PLAN)


def test_behind_an_edge_nothing_is_reached_without_a_key(folder: Path) -> None:
    """Not a route, not the answer to an unknown method."""
    definition = made(folder, edge={})["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    securities = [each["security"] for path in definition["paths"].values() for each in path.values()]
    assert all({"api_key": []} in security for security in securities)
    assert definition["securityDefinitions"]["api_key"]["in"] == "header"
    assert '"security":' not in json.dumps(made(folder)["Resources"]["RestAPI"])


def test_templates_merge_as_chalice_merges_them() -> None:
    """Dict into dict; of anything else, the later one's."""
    one = {"a": {"b": 1, "c": [1]}, "d": 1}
    assert overlay.merged(one, {"a": {"c": [2], "e": 3}, "d": {}}) == {"a": {"b": 1, "c": [2], "e": 3}, "d": {}}
    assert one == {"a": {"b": 1, "c": [1]}, "d": 1}
