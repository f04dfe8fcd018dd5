"""Gives `chalice local` an embedded AWS and API Gateway's gates, before it serves.

Importing this replaces two functions of Chalice: the one that makes the local server, and the one that looks for
changed files. Only `chalice local` ever calls them, so `chalice package` and `chalice deploy` are as they were.
"""

import errno
import functools
import logging
import os
import sys
from pathlib import Path
from typing import Any

from chalice import local
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LambdaContext, LocalDevServer

from grail.errors import GrailError
from grail.localcloud import reload, services
from grail.localcloud.gateway import Gateway
from grail.localcloud.http import Handler
from grail.project import Project

_BACKLOG = 128
_DEFAULT_TIMEOUT = 60
"""Seconds; Chalice's default for `lambda_timeout`."""
_make_chalices_server = local.create_local_server


def create_local_server(app_obj: Chalice, config: Config, host: str, port: int) -> LocalDevServer:
    """Return `chalice local`'s server, with the gateway in front of the app and the embedded AWS behind it."""
    server = _listen(app_obj, config, host, port)
    project = Project(Path(config.project_dir))
    stage = str(config.chalice_stage)
    owner = os.getppid() if "CHALICE_WORKER" in os.environ else os.getpid()
    if owner != os.getpid():
        services.when_gone(owner, functools.partial(os._exit, 0))  # Chalice's parent, if killed, leaves its worker
    try:
        embedded, is_new = services.ensure(project, stage, owner=owner)
        os.environ.update(embedded.environment())
        os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")  # for CloudWatch, not for a terminal
        logging.getLogger("botocore").setLevel(logging.WARNING)  # Chalice makes INFO the level of all
        _attach(server, app_obj, config)
        if is_new:
            _welcome(project, f"http://{host}:{port}")
    except GrailError as error:
        _leave(str(error))
    return server


def _listen(app: Chalice, config: Config, host: str, port: int) -> LocalDevServer:
    try:
        server = _make_chalices_server(app, config, host, port)
    except (OSError, OverflowError) as error:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "is in use" if in_use else f"can't be had ({error})"
        _leave(f"port {port} on {host} {reason}; choose another: make local PORT=8001, or chalice local --port 8001")
    server.server.socket.listen(_BACKLOG)  # Python's default is 5
    return server


def _attach(server: LocalDevServer, app: Chalice, config: Config) -> None:
    """Put the gateway before the app."""

    def invoke(function: Any, event: dict[str, Any]) -> Any:  # noqa: ANN401 - the app or an authorizer
        seconds = config.lambda_timeout or _DEFAULT_TIMEOUT
        context = LambdaContext(config.function_name, config.lambda_memory_size, max_runtime_ms=seconds * 1000)
        return function(event, context)

    gateway = Gateway(app, stage=config.api_gateway_stage, region=services.REGION, invoke=invoke)
    server.server.RequestHandlerClass = type("GatewayHandler", (Handler,), {"gateway": gateway})


def _welcome(project: Project, url: str) -> None:
    """Load the sample and say what to do next."""
    sample, token = project.registered("sample"), project.registered("token")
    if sample is not None:
        sample()
    lines = [f"API   {url}", f"Docs  {url}/docs"]
    if token is not None:
        secret = token(role="admin", subject="admin")
        lines += [f"Token {secret}", f"Try   curl -H 'Authorization: Bearer {secret}' {url}/people"]
    print("\n".join(["", *lines, ""]), flush=True)


def _leave(message: str) -> None:
    """End this process with one line; Chalice runs us in a thread, from where only this ends it."""
    print(message, file=sys.stderr, flush=True)
    os._exit(1)


local.create_local_server = create_local_server
reload.watch_sources_only(Path.cwd())  # where Chalice has changed to
