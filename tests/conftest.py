"""What holds for every test."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from grail.iam import recorder
from tests import statuses

recorder.install()  # before any client is made
statuses.install()

PROVE = "PROVE" in os.environ
"""Whether to run every generated case (`make prove`), not a fixed sample of them (`make test`)."""

settings.register_profile(
    "sample", max_examples=30, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "prove", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("prove" if PROVE else "sample")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hold every test to a sentence that says what it shows; begin with those of processes, which take longest."""
    items.sort(key=lambda item: "tests/system" not in item.nodeid)
    for item in items:
        if not (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip():
            message = f"{item.nodeid} has no docstring"
            raise pytest.UsageError(message)


_figures: list[str] = []


@pytest.fixture(scope="session")
def figure() -> Callable[[str], None]:
    """Return what prints a line at the end of the run: how much of something a test found."""
    return _figures.append


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send a worker's figures to where they are printed."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["figures"] = _figures


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take a worker's figures."""
    _figures.extend(getattr(node, "workeroutput", {}).get("figures", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    for line in _figures:
        terminalreporter.write_line(line)
