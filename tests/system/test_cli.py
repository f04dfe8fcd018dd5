"""`python -m grail` and Chalice's own commands, as processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import APP
from grail.verbs import VERBS
from tests.system.conftest import CHALICE, PATIENCE, ROOT, copy_project, environment

POOL = "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_abc"


def grail(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a verb."""
    command = [sys.executable, "-m", "grail", *arguments]
    env = environment() | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.parametrize("verb", [verb.NAME for verb in VERBS])
def test_help_has_an_example(verb: str) -> None:
    """Every verb shows how it is called."""
    done = grail(verb, "--help")
    assert done.returncode == 0
    assert f"example:\n  python -m grail {verb}" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("token",),
        ("token", "--role", "admin"),
        ("token", "--subject"),
        ("access",),
        ("access", "nonsense"),
        ("access", "grant"),
        ("access", "show", "bob", "alice"),
        ("sign-in",),
        ("stack",),
        ("stack", "data", "--stage"),
        ("stack", "package", "--nonsense"),
        ("bootstrap",),
        ("bootstrap", "--stage", "prod", "--repository", "nonsense"),
        ("pipeline", "--stages"),
        ("smoke",),
        ("smoke", "--url", "nonsense"),
        ("local", "--port", "x"),
        ("local", "--port", "-1"),
        ("local", "--port", "99999"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_code_2(arguments: tuple[str, ...]) -> None:
    """Nothing on stdout, where a script reads."""
    done = grail(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("token", "--role", "admin", "--subject", "a", "--stage", "nonsense"), "no stage 'nonsense'"),
        (("stack", "data", "--stage", "nonsense"), "dev, staging, prod"),
        (("stack", "write", "--stage", "nonsense"), "dev, staging, prod"),
        (("stack", "package", "--stage", "nonsense"), "dev, staging, prod"),
        (("local", "--stage", "nonsense"), "no stage 'nonsense'"),
        (("token", "--role", "NONSENSE", "--subject", "a"), "'NONSENSE'"),
        (("token", "--role", "admin", "--subject", ""), "''"),
        (("token", "--role", "admin", "--subject", "a\nb"), "'a\\nb'"),
        (("token", "--role", "admin", "--subject", "x" * 129), "xxx"),
        (("access", "list", "--stage", "nonsense"), "no stage 'nonsense'"),
        (("access", "list", "--stage", "staging"), "AWS"),
        (("access", "grant", "a b", "--role", "viewer"), "'a b'"),
        (("sign-in", "--user", "a", "--stage", "nonsense"), "no stage 'nonsense'"),
        (("token", "--role", "admin", "--subject", "a", "--stage", "staging"), "AWS"),
    ],
)
def test_what_fails_says_why_in_one_line(arguments: tuple[str, ...], words: str) -> None:
    """Exit code 1, no stack trace."""
    done = grail(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert words in done.stderr


def test_elsewhere_is_no_project(tmp_path: Path) -> None:
    """A folder without Chalice's configuration is named."""
    for arguments in (("stack", "data"), ("stack", "write"), ("local",)):
        done = grail(*arguments, cwd=tmp_path)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert "is not a Chalice project" in done.stderr


def test_the_data_stack_is_printed_as_json() -> None:
    """For a script to read."""
    template = json.loads(grail("stack", "data", "--stage", "prod").stdout)
    assert template["Resources"]["Table"]["Properties"]["TableName"] == f"{APP}-prod"


def test_importing_the_app_does_no_io() -> None:
    """With an empty environment, no socket and no thread: what Lambda and tests rely on."""
    code = """
import socket, threading
def refuse(*_, **__): raise AssertionError("a socket was made")
socket.socket.connect = socket.create_connection = refuse
import app
assert threading.active_count() == 1
import sys
assert not any(name.split(".")[0] in {"grail", "moto"} for name in sys.modules)
print(len(app.app.routes))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10


def test_the_handler_never_imports_what_only_the_authorizer_needs() -> None:
    """Requests that need permissions, answered in a new process: no cryptography, which costs a cold start."""
    code = """
import sys
from app import app
from chalicelib import bootstrap
from chalicelib.repositories.memory import MemoryTable
from chalicelib.settings import Settings
from tests.unit.event import LambdaContext, event
bootstrap.use(bootstrap.build(Settings.read({"OIDC_ISSUER": "https://a", "OIDC_AUDIENCE": "b"}), table=MemoryTable()))
for path in ("/people", "/access/principals", "/me"):
    assert app(event("GET", path), LambdaContext())["statusCode"] == 200
print({"cryptography", "jwt", "chalicelib.access.oidc"} & set(sys.modules), file=sys.stderr)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stderr == "set()\n"


def package(tmp_path: Path, stage: str, **environment_variables: str) -> dict[str, Any]:
    """Run the real command on a copy of the project; return the template's resources."""
    folder = copy_project(tmp_path / "project")
    (folder / "requirements.txt").write_text("")  # downloading what ships is Chalice's business and takes minutes
    file = folder / ".chalice" / "config.json"
    config = json.loads(file.read_text())
    config["stages"][stage]["environment_variables"] |= environment_variables
    file.write_text(json.dumps(config))
    command = [str(CHALICE), "package", "--stage", stage, str(tmp_path / "out")]
    env = environment() | {"AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    resources: dict[str, Any] = json.loads((tmp_path / "out" / "sam.json").read_text())["Resources"]
    return resources


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_chalice_packages_the_app(tmp_path: Path, stage: str) -> None:
    """The real command, for arm64: every function with its events, and nothing of `grail` in the package."""
    resources = package(tmp_path, stage)
    functions = {name: found["Properties"] for name, found in resources.items() if "Function" in found["Type"]}
    sources = {name: [event["Type"] for event in found.get("Events", {}).values()] for name, found in functions.items()}
    assert sources == {
        "APIHandler": [],  # the routes are in the API's definition
        "Gate": [],
        "OnChange": ["DynamoDB"],
        "OnEvent": ["SQS"],
        "OnDelivery": ["SQS"],
        "OnUpload": ["CloudWatchEvent"],
        "ExpireOrders": ["Schedule"],
        "ReportOrders": ["Schedule"],
    }
    assert all(function["Architectures"] == ["arm64"] for function in functions.values())
    assert functions["APIHandler"]["Environment"]["Variables"]["STAGE"] == stage
    listed = subprocess.run(
        [sys.executable, "-m", "zipfile", "-l", str(tmp_path / "out" / "deployment.zip")],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "chalicelib/bootstrap.py" in listed
    assert "grail/" not in listed


@pytest.mark.parametrize(
    ("kind", "described"),
    [
        ("token", {"type": "token", "authorizerResultTtlInSeconds": 1}),
        ("request", {"type": "request", "identitySource": "method.request.header.Authorization"}),
        ("http", {"type": "request", "authorizerPayloadFormatVersion": "2.0"}),
        ("cognito", {"type": "cognito_user_pools", "providerARNs": [POOL]}),
    ],
)
def test_a_stage_chooses_its_authorizer(tmp_path: Path, kind: str, described: dict[str, Any]) -> None:
    """Chalice packages each kind, with the function it needs, and every route but the public ones behind it."""
    resources = package(tmp_path, "dev", AUTHORIZER=kind, USER_POOL_ARN=POOL)
    api = resources["RestAPI"]["Properties"]["DefinitionBody"]
    assert described.items() <= api["securityDefinitions"]["gate"]["x-amazon-apigateway-authorizer"].items()
    assert ("Gate" in resources) == (kind != "cognito")
    unguarded = {path for path, methods in api["paths"].items() if "security" not in next(iter(methods.values()))}
    assert unguarded == {"/health", "/openapi.json", "/docs", "/docs/{asset}"}


def test_no_watcher_that_reloads_for_ever_is_installed() -> None:
    """With watchdog, Chalice 1.34 takes its own reading of a file for a change of it."""
    done = subprocess.run([sys.executable, "-c", "import watchdog"], capture_output=True, check=False)
    assert done.returncode == 1
