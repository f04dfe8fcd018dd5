"""Gives `chalice local` an embedded AWS and API Gateway's gates, before it serves.

Importing this replaces two functions of Chalice: the one that makes the local server, and the one that looks for
changed files. Only `chalice local` ever calls them, so `chalice package` and `chalice deploy` are as they were. Import
it before the app's own modules: then a mistake in one of those is watched too.
"""

import errno
import functools
import logging
import os
import secrets
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import boto3
from botocore.exceptions import ClientError
from chalice import local
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import HTTPServerThread, LocalDevServer

from grail.errors import GrailError
from grail.localcloud import chalice_app, chalice_events, functions, processes, reload, services, users
from grail.localcloud.authorizers import Invoke
from grail.localcloud.calls import Stage
from grail.localcloud.cognito import UserPools
from grail.localcloud.executor import Executor
from grail.localcloud.gateway import Gateway
from grail.localcloud.http import Handler
from grail.localcloud.usage import UsagePlan
from grail.project import Project
from grail.stack import data

_BACKLOG = 128
_make_chalices_server = local.create_local_server


def create_local_server(app_obj: Chalice, config: Config, host: str, port: int) -> LocalDevServer:
    """Return `chalice local`'s server, with the gateway in front of the app and the embedded AWS behind it."""
    with reload.HOLD:  # or there were two embedded AWS, or half a sample
        return _create_local_server(app_obj, config, host, port)


def _create_local_server(app_obj: Chalice, config: Config, host: str, port: int) -> LocalDevServer:
    server = _listen(app_obj, config, host, port)
    project = Project(Path(config.project_dir))
    stage = str(config.chalice_stage)
    owner = os.getppid() if _is_worker() else os.getpid()
    try:
        setting = project.setting(stage, "usage_plan")
        plan = None if setting is None else UsagePlan.read(setting)
        embedded, is_new = services.ensure(project, stage, owner=owner)
        os.environ.update(embedded.environment())
        os.environ.setdefault("POWERTOOLS_METRICS_DISABLED", "true")  # for CloudWatch, not for a terminal
        logging.getLogger("botocore").setLevel(logging.WARNING)  # Chalice makes INFO the level of all
        keys = _api_keys(project, stage)
        invoke = functions.of_app(app_obj, config)
        resources = chalice_app.resources(app_obj)
        gateway = Gateway(
            resources,
            stage=Stage(name=config.api_gateway_stage, region=services.REGION),
            invoke=invoke,
            plan=plan,
            keys=lambda: keys,
            user_pools=UserPools(functools.partial(users.public_keys, embedded.url)),
        )
        server.server.RequestHandlerClass = type("GatewayHandler", (Handler,), {"gateway": gateway})
        if is_new:
            takes_keys = any(route.needs_key for resource in resources for route in resource.routes.values())
            _welcome(project, f"http://{host}:{port}", embedded=embedded, keys=keys if takes_keys else {})
        _run_events(app_obj, config, invoke, embedded=embedded)
    except GrailError as error:
        _leave(str(error))
    return server


def _run_events(app: Chalice, config: Config, invoke: Invoke, *, embedded: services.Embedded) -> None:
    """Let the embedded AWS call the app's functions, in this process, for what its event sources have."""
    names = chalice_events.names(app, config)
    wiring = chalice_events.wiring(app, config, table_stream=embedded.outputs.get("TableStreamArn"))
    executor = Executor(embedded.url, lambda name, event: invoke(names[name], event))
    for line in (*chalice_events.unserved(app), *executor.start(wiring)):
        print(line, file=sys.stderr, flush=True)


def _listen(app: Chalice, config: Config, host: str, port: int) -> LocalDevServer:
    try:
        server = _make_chalices_server(app, config, host, port)
    except (OSError, OverflowError) as error:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "is in use" if in_use else f"can't be had ({error})"
        _leave(f"port {port} on {host} {reason}; choose another: make local PORT=8001, or chalice local --port 8001")
    server.server.socket.listen(_BACKLOG)  # Python's default is 5
    return server


def _api_keys(project: Project, stage: str) -> dict[str, str]:
    """Return the API keys there are: value to name. Raises GrailError where the data stack was made without."""
    if project.setting(stage, "edge") is not None:  # its keys are its own; what it would send, a client sends here
        return {secrets.token_hex(20): "edge"}
    if project.setting(stage, "usage_plan") is None:
        return {}
    name = data.api_key_name(project.name, stage)
    try:
        found = boto3.client("secretsmanager").get_secret_value(SecretId=name)
    except ClientError as error:
        message = "the embedded AWS is older than the usage plan and has no API key: start `chalice local` again"
        raise GrailError(message) from error
    return {found["SecretString"]: name}


def _welcome(project: Project, url: str, *, embedded: services.Embedded, keys: Mapping[str, str]) -> None:
    """Load the sample and say what to do next."""
    sample, token = project.registered("sample"), project.registered("token")
    if sample is not None:
        sample()
    lines = [f"API   {url}", f"Docs  {url}/docs"]
    if token is not None:
        secret = token(role="admin", subject="admin")
        lines += [f"Token {secret}", f"Try   curl -H 'Authorization: Bearer {secret}' {url}/people"]
    lines += [f"Key   {value}" for value in keys]
    lines.append(f"AWS   {embedded.url} (key and secret: testing; region {services.REGION})")
    if "UserPoolId" in embedded.outputs:
        lines.append(f"User  {users.SAMPLE}, password {users.SAMPLE_PASSWORD}")
    print("\n".join(["", *lines, ""]), flush=True)


def _leave(message: str) -> None:
    """End this process with one line; Chalice runs us in a thread, from where only this ends it."""
    print(message, file=sys.stderr, flush=True)
    os._exit(1)


def _is_worker() -> bool:
    """Tell whether Chalice's parent restarts this process: then the app is imported, and served, in such a thread."""
    return isinstance(threading.current_thread(), HTTPServerThread)


local.create_local_server = create_local_server
if _is_worker():
    processes.when_gone(os.getppid(), functools.partial(os._exit, 0))  # Chalice's parent, if killed, leaves its worker
    reload.watch(Path.cwd())  # where Chalice has changed to
