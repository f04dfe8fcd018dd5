"""The gateway's part of the template, merged by the real `chalice package` and read by the tools that come after it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from openapi_spec_validator import OpenAPIV2SpecValidator

from app import app
from chalicelib.settings import APP
from tests.conftest import PROVE
from tests.system.conftest import CHALICE, PATIENCE, ROOT, copy_project, environment

TRANSLATOR = ROOT / ".venv" / "stack" / "bin" / "python"
"""aws-sam-translator pins an older pydantic than ours, so it has an environment of its own."""
STREAM = f"arn:aws:dynamodb:us-east-1:123456789012:table/{APP}-dev/stream/2026-01-01T00:00:00.000"

_OVERLAY = """
import json, sys
from pathlib import Path
from grail.project import Project
from grail.stack import gateway

project = Project(Path.cwd())
project.enter(sys.argv[1])
print(json.dumps({"Resources": gateway.overlay(project, sys.argv[1])}))
"""
_TRANSLATE = """
import json, sys
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

template = json.load(sys.stdin)
for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":  # `aws cloudformation package` would have uploaded it
        resource["Properties"]["CodeUri"] = {"Bucket": "bucket", "Key": "key"}
print(json.dumps(Translator({}, Parser()).translate(template, {})))
"""


def run(command: list[str], folder: Path, text: str | None = None) -> str:
    """Run a command and return what it prints."""
    env = environment() | {"AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, cwd=folder, env=env, input=text, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Packaged:
    """A stage, packaged in a copy of the project: Chalice's template alone and merged, and what SAM makes of it."""

    def __init__(self, folder: Path, stage: str, **variables: str) -> None:
        project = copy_project(folder / "project")
        (project / "requirements.txt").write_text("")  # downloading what ships is Chalice's business
        config = json.loads((project / ".chalice" / "config.json").read_text())
        config["stages"][stage]["environment_variables"] |= {"TABLE_STREAM_ARN": STREAM} | variables
        config["stages"][stage]["throttle"] = {"rate_limit": 100, "burst_limit": 200}
        config["gateway_log_role"] = True
        (project / ".chalice" / "config.json").write_text(json.dumps(config))
        settings = (project / "pyproject.toml").read_text()
        if "\nopenapi =" not in settings:
            settings = settings.replace("[tool.grail]", '[tool.grail]\nopenapi = "chalicelib.web.openapi:describe"')
        (project / "pyproject.toml").write_text(settings)
        overlay = run([sys.executable, "-c", _OVERLAY, stage], project)
        (project / "overlay.json").write_text(overlay)
        package = [str(CHALICE), "package", "--stage", stage]
        run([*package, str(folder / "alone")], project)
        run([*package, "--merge-template", "overlay.json", str(folder / "out")], project)
        self.overlay: dict[str, Any] = json.loads(overlay)["Resources"]
        self.alone: dict[str, Any] = json.loads((folder / "alone" / "sam.json").read_text())["Resources"]
        self.template: dict[str, Any] = json.loads((folder / "out" / "sam.json").read_text())
        self.api: dict[str, Any] = self.template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
        self._folder = folder

    def translated(self) -> Path:
        """Return the CloudFormation template that SAM makes."""
        file = self._folder / "cloudformation.json"
        text = json.dumps(self.template)
        file.write_text(run([str(TRANSLATOR), "-c", _TRANSLATE], self._folder, text))
        return file


@pytest.fixture(scope="module", params=["dev", "prod"] if PROVE else ["prod"])
def packaged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Packaged:
    """Package a stage."""
    return Packaged(tmp_path_factory.mktemp(request.param), request.param)


def test_the_merged_api_is_swagger(packaged: Packaged) -> None:
    """The official schema has nothing to say; every model is draft 4, and refers to models that are there."""
    assert [error.message for error in OpenAPIV2SpecValidator(packaged.api).iter_errors()] == []
    for model in packaged.api["definitions"].values():
        Draft4Validator.check_schema(model)
    named = {part.split('"')[0] for part in json.dumps(packaged.api).split("#/definitions/")[1:]}
    assert named <= set(packaged.api["definitions"])


def test_every_route_is_chalices_and_has_a_validator(packaged: Packaged) -> None:
    """Chalice's integration, authorizer and key are untouched, but for the route that writes to a queue."""
    assert packaged.api["x-amazon-apigateway-request-validators"][packaged.api["x-amazon-apigateway-request-validator"]]
    before = packaged.alone["RestAPI"]["Properties"]["DefinitionBody"]
    assert set(packaged.api["paths"]) == set(before["paths"]) == set(app.routes)
    kept = ("security", "summary", "x-amazon-apigateway-integration")
    changed = {
        (path, method)
        for path, methods in before["paths"].items()
        for method, described in methods.items()
        if any(described.get(name) != packaged.api["paths"][path][method].get(name) for name in kept)
    }
    assert {place for place in changed if place[1] != "options"} == {("/inbox", "post")}
    inbox = packaged.api["paths"]["/inbox"]["post"]
    assert inbox["x-amazon-apigateway-integration"]["type"] == "aws"
    assert inbox["security"] == before["paths"]["/inbox"]["post"]["security"]
    for path, methods in packaged.api["paths"].items():
        assert methods["x-amazon-apigateway-any-method"]["responses"].keys() == {"405"}, path
        assert "security" not in methods["x-amazon-apigateway-any-method"]


def test_every_header_of_an_answer_is_declared(packaged: Packaged) -> None:
    """API Gateway refuses to import a mapping to a header or a status that the method does not declare."""
    for path, methods in packaged.api["paths"].items():
        for method, described in methods.items():
            for answer in described["x-amazon-apigateway-integration"]["responses"].values():
                mapped = {name.rpartition(".")[2] for name in answer.get("responseParameters", ())}
                declared = described["responses"][answer["statusCode"]].get("headers", {})
                assert mapped <= set(declared), (path, method)


def test_sam_and_cfn_lint_take_it(packaged: Packaged) -> None:
    """One API, one stage with its log, and no finding, without an exception."""
    file = packaged.translated()
    resources = json.loads(file.read_text())["Resources"]
    stages = [name for name, resource in resources.items() if resource["Type"] == "AWS::ApiGateway::Stage"]
    assert stages == ["RestAPIapiStage"]
    [deployment] = [resource for resource in resources.values() if resource["Type"] == "AWS::ApiGateway::Deployment"]
    assert "StageName" not in deployment["Properties"]  # it would make a second one
    stage = resources["RestAPIapiStage"]["Properties"]
    assert {"AccessLogSetting", "MethodSettings", "TracingEnabled"} <= set(stage)
    assert stage["Variables"] == {"account": {"Ref": "GatewayAccount"}}
    assert set(packaged.overlay) <= set(resources)
    run([str(CHALICE.parent / "cfn-lint"), "--regions", "us-east-1", "--template", str(file)], ROOT)


def test_a_request_authorizer_may_be_called(tmp_path: Path) -> None:
    """Chalice takes it for any function, and lets nobody call it: the overlay does, by the name that Chalice gives."""
    packaged = Packaged(tmp_path, "dev", AUTHORIZER="request")
    permission = "GateInvokePermission"
    assert permission not in packaged.alone
    resources = json.loads(packaged.translated().read_text())["Resources"]
    assert resources[permission]["Properties"]["FunctionName"] == {"Ref": "Gate"}
    assert resources["Gate"]["Type"] == "AWS::Lambda::Function"
    run(
        [
            str(CHALICE.parent / "cfn-lint"),
            "--regions",
            "us-east-1",
            "--template",
            str(tmp_path / "cloudformation.json"),
        ],
        ROOT,
    )
