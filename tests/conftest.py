"""What holds for every test."""

import os

import pytest
from hypothesis import HealthCheck, settings

PROVE = "PROVE" in os.environ
"""Whether to run every generated case (`make prove`), not a fixed sample of them (`make test`)."""

settings.register_profile(
    "sample", max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "prove", max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("prove" if PROVE else "sample")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hold every test to a sentence that says what it shows."""
    for item in items:
        if not (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip():
            message = f"{item.nodeid} has no docstring"
            raise pytest.UsageError(message)
