"""`python -m grail stack package` on a stage whose API is an HTTP API, and the same for Terraform."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import app
from grail.terraform import package
from tests.system.conftest import copy_project, environment


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project whose prod has an HTTP API, without what ships."""
    folder = copy_project(tmp_path_factory.mktemp("http"))
    (folder / "requirements.txt").write_text("")
    configure(folder, api_kind="http", edge=None, usage_plan=None)
    return folder


def configure(folder: Path, **settings: Any) -> None:
    """Add settings to prod."""
    file = folder / ".chalice" / "config.json"
    config = json.loads(file.read_text())
    prod = config["stages"]["prod"]
    prod["environment_variables"]["AUTHORIZER"] = "http"
    file.write_text(json.dumps(config | {"stages": {**config["stages"], "prod": prod | settings}}))


def run(folder: Path, action: str) -> subprocess.CompletedProcess[str]:
    """Package prod."""
    command = [sys.executable, "-m", "grail", "stack", action, "--stage", "prod"]
    env = environment() | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_a_stage_has_an_http_api_and_no_other(project: Path) -> None:
    """SAM, cfn-lint and Terraform find nothing; nothing of Chalice's REST API is left, and all routes are there."""
    done = run(project, "terraform")
    assert done.returncode == 0, done.stderr
    out = project / "build" / "prod"
    template = json.loads((out / "cloudformation.json").read_text())
    resources = template["Resources"]
    types = {resource["Type"] for resource in resources.values()}
    assert {"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage"} <= types
    assert not {found for found in types if found.startswith("AWS::ApiGateway::")}
    assert "RestAPI" not in json.dumps(template)
    body = resources["HttpAPI"]["Properties"]["Body"]
    assert {(path, method.upper()) for path, methods in body["paths"].items() for method in methods} >= {
        (path, method) for path, entries in app.routes.items() for method in entries
    }
    assert body["x-amazon-apigateway-cors"]["allowOrigins"] == ["https://example.com", "https://www.example.com"]
    dimensions = resources["ApiLatencyAlarm"]["Properties"]["Dimensions"]
    assert {"Name": "ApiId", "Value": {"Ref": "HttpAPI"}} in dimensions
    assert set(template["Outputs"]) >= {"EndpointURL", "HttpAPIId"}
    check_terraform(out / "terraform" / "main.tf.json", body)


def check_terraform(file: Path, body: dict[str, Any]) -> None:
    """Compare its API with the template's, as data, up to references."""
    made = package.check(file, "prod")
    api = made["aws_apigatewayv2_api.HttpAPI"]
    found = json.loads(api["body"])
    assert found["paths"] == body["paths"]
    [integration] = found["components"]["x-amazon-apigateway-integrations"].values()
    assert integration["uri"].endswith("/arn:aws:lambda:us-east-1:123456789012:function:grail-prod:live/invocations")
    [cors] = api["cors_configuration"]
    assert cors["allow_origins"] == body["x-amazon-apigateway-cors"]["allowOrigins"]
    assert made["aws_apigatewayv2_stage.HttpAPIStage"]["auto_deploy"] is True


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"usage_plan": {"rate_limit": 1, "burst_limit": 1}}, "can't have usage_plan: it has no API keys"),
        ({"edge": {}}, "can't have edge: it has no API keys"),
        ({"api_gateway_policy_file": "policy.json"}, "can't have api_gateway_policy_file: it has no resource policy"),
        ({"api_gateway_endpoint_type": "PRIVATE"}, "can't have api_gateway_endpoint_type: it is always regional"),
        ({"environment_variables": {"STAGE": "prod"}}, "takes no authorizer of a REST API"),
    ],
)
def test_what_it_lacks_is_refused_with_the_reason(project: Path, settings: dict[str, Any], words: str) -> None:
    """In a line, before anything is packaged."""
    file = project / ".chalice" / "config.json"
    before = file.read_text()
    configure(project, **settings)
    done = run(project, "write")
    file.write_text(before)
    assert (done.returncode, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
