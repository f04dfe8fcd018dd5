"""`python -m grail iam`, on this app and on another."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import ROOT, environment

QUEUE = "arn:aws:sqs:*:*:shop-dev-orders"
APP = """
import os
from chalice import Chalice

app = Chalice("shop")


@app.route("/")
def index():
    return {}


@app.on_sqs_message(queue=f"shop-{os.environ['STAGE']}-orders")
def on_order(event):
    return None
"""
USAGE: dict[str, Any] = {"api_handler": {"sqs:SendMessage": {"arn:aws:sqs:*:*:shop-{stage}-orders": {}}}}
UNSEEN = """
UNSEEN = [{"function": "on_order", "actions": ["sqs:SendMessage"], "resource": "arn:aws:sqs:*:*:shop-{stage}-lost",
           "reason": "Lambda sends there what failed"}]
"""


def grail(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a verb in a folder."""
    command = [sys.executable, "-m", "grail", "iam", *arguments]
    env = {**environment(), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return the folder of an app that knows nothing of this one, with no policies yet."""
    stages = {
        stage: {
            "environment_variables": {"STAGE": stage},
            "lambda_functions": {"on_order": {"iam_policy_file": f"{stage}-on_order.json"}},
        }
        for stage in ("dev", "prod")
    }
    config = {"version": "2.0", "app_name": "shop", "autogen_policy": False, "stages": stages}
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice" / "config.json").write_text(json.dumps(config))
    (tmp_path / ".chalice" / "usage.json").write_text(json.dumps(USAGE))
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "lambda_rows.py").write_text(UNSEEN)
    (tmp_path / "pyproject.toml").write_text('[tool.grail]\nunseen = "lambda_rows:UNSEEN"\n')
    return tmp_path


@pytest.mark.parametrize("arguments", [["check"], ["write", "--check"]])
def test_every_policy_is_what_its_function_needs(arguments: list[str]) -> None:
    """In every stage, both ways; and each is what is written of the needs."""
    found = grail(ROOT, *arguments)
    assert (found.returncode, found.stdout) == (0, ""), found.stdout
    assert [line.split(":")[0] for line in found.stderr.splitlines()] == ["dev", "staging", "prod"]


def test_policies_are_written_for_any_app(shop: Path) -> None:
    """Of a stage's own names; then there is nothing to find."""
    assert grail(shop, "check").returncode == 1
    assert grail(shop, "write", "--check").returncode == 1
    assert not (shop / ".chalice" / "policy-dev.json").exists()
    written = grail(shop, "write")
    assert written.returncode == 0, written.stderr
    assert written.stdout.splitlines() == [
        ".chalice/policy-dev.json", ".chalice/dev-on_order.json",
        ".chalice/policy-prod.json", ".chalice/prod-on_order.json",
    ]  # fmt: skip
    assert "shop-prod-lost" in (shop / ".chalice" / "prod-on_order.json").read_text()
    assert "shop-prod-orders" in (shop / ".chalice" / "prod-on_order.json").read_text()
    assert [grail(shop, *arguments).returncode for arguments in (["check"], ["write", "--check"])] == [0, 0]


def test_a_finding_names_function_file_action_and_resource(shop: Path) -> None:
    """What is missed, what is too much, and a star, one a line."""
    grail(shop, "write", "--stage", "dev")
    file = shop / ".chalice" / "policy-dev.json"
    file.write_text(file.read_text().replace("sqs:SendMessage", "sqs:Delete*"))
    found = grail(shop, "check", "--stage", "dev")
    assert found.returncode == 1
    assert found.stdout.splitlines() == [
        f"api_handler: .chalice/policy-dev.json does not allow sqs:SendMessage on {QUEUE}, which is needed",
        "api_handler: .chalice/policy-dev.json has a * without a reason: sqs:Delete*",
        f"api_handler: .chalice/policy-dev.json allows sqs:Delete* on {QUEUE}, which nothing needs",
    ]
    assert found.stderr == "dev: 2 functions, 9 needs, 3 findings\n"


def test_a_policy_of_somebodys_own_is_kept(shop: Path) -> None:
    """Nothing is written then, and it is said why."""
    deny = {"Effect": "Deny", "Action": "sqs:PurgeQueue", "Resource": "*"}
    own = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    (shop / ".chalice" / "dev-on_order.json").write_text(own)
    found = grail(shop, "write", "--stage", "dev")
    assert found.returncode == 1
    assert found.stderr.startswith("python -m grail iam: .chalice/dev-on_order.json has a statement that is not made")
    assert (shop / ".chalice" / "dev-on_order.json").read_text() == own
    assert not (shop / ".chalice" / "policy-dev.json").exists()


def test_usage_of_another_app_is_refused(shop: Path) -> None:
    """A function that was renamed has to be recorded anew."""
    (shop / ".chalice" / "usage.json").write_text(json.dumps({"on_orders": {}}))
    found = grail(shop, "check", "--stage", "dev")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "python -m grail iam: .chalice/usage.json has functions that the app has not: on_orders\n"
