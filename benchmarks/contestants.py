"""Who takes part: for each name, what makes its Lambda function, with telemetry or without."""

from collections.abc import Mapping
from typing import Protocol

from benchmarks import bare, fastapi_app, grail_app, powertools_app
from benchmarks.operations import Handler


class Contestant(Protocol):
    """Returns the Lambda function; ask anew before each use, since two may share an app."""

    def __call__(self, *, telemetry: bool) -> Handler:
        """Return it."""


BASELINE = "bare"
CONTESTANTS: Mapping[str, Contestant] = {
    BASELINE: bare.handler,
    "grail": grail_app.handler,
    "fastapi": fastapi_app.handler,
    "powertools": powertools_app.handler,
}
