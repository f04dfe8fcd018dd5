"""Calls an app's functions by name, in this process, as Lambda would."""

import json
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LambdaContext

from grail.localcloud.authorizers import Invoke
from grail.localcloud.gateway import API_HANDLER

_DEFAULT_TIMEOUT = 60
"""Seconds; Chalice's default for `lambda_timeout`."""


def of_app(app: Chalice, config: Config) -> Invoke:
    """Return what calls an app's functions, each with the timeout and memory that it is configured with."""

    def invoke(name: str, event: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever the function answers
        function = app if name == API_HANDLER else app.handler_map[name]
        memory = _scoped(config, name).lambda_memory_size
        context = LambdaContext(name, memory, max_runtime_ms=timeout(config, name) * 1000)
        return function(json.loads(json.dumps(event)), context)  # a copy, as on AWS: the function may change it

    return invoke


def timeout(config: Config, name: str) -> int:
    """Return a function's timeout in seconds."""
    return _scoped(config, name).lambda_timeout or _DEFAULT_TIMEOUT


def _scoped(config: Config, name: str) -> Config:
    return config.scope(chalice_stage=config.chalice_stage, function_name=name)
