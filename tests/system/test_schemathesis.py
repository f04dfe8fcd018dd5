"""Schemathesis against the served API: what is documented holds, and nothing makes it fail."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PROVE
from tests.system.conftest import ROOT, Served, environment, serving

HERE = Path(__file__).parent

EXAMPLES = 30 if PROVE else 4


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Serve this checkout for this test alone: it deletes what it finds, the sample too."""
    with serving(ROOT, tmp_path / "output") as running:
        yield running


def test_the_served_api_keeps_its_contract(served: Served, tmp_path: Path) -> None:
    """Valid and invalid requests of every operation: no 5xx, only documented statuses, media types and schemas."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{served.url}/openapi.json",
        "--url", served.url,
        "--header", f"Authorization: Bearer {served.token}",
        "--header", f"x-api-key: {served.key}",
        "--checks", "all",
        "--max-examples", str(EXAMPLES),
        "--seed", "20261120",
        "--generation-database", "none",
        "--no-color",
    ]  # fmt: skip
    env = environment() | {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.system.schemathesis_hooks",
        "SCHEMATHESIS_OWN": f"admin {served.token.split('_')[2]}",
    }
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=1800, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
