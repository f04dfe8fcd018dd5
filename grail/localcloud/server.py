"""The embedded AWS's own process: `python -m grail.localcloud.server FOLDER STAGE OWNER FILE`."""

import functools
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from grail.cloudformation import Stack
from grail.localcloud import (
    moto_mends,
    moto_properties,
    moto_resources,  # noqa: F401 - moto finds what is imported
    users,
)
from grail.localcloud.engine import Engine
from grail.localcloud.lambda_api import LambdaApi
from grail.localcloud.processes import when_gone
from grail.localcloud.s3_front import S3Front
from grail.localcloud.services import REGION, Embedded
from grail.localcloud.time_to_live import TimeToLive
from grail.localcloud.work import Work
from grail.project import Project
from grail.stack import data


def serve(project: Project, stage: str, *, owner: int, file: Path) -> None:
    """Serve until the owner is gone, then remove the file."""
    with listening() as url:
        embedded = Embedded(url, stage, os.getpid(), owner)
        embedded = replace(embedded, outputs=create_stack(project, stage, environment=embedded.environment()))
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(embedded)), encoding="utf-8")
        partial.replace(file)
        gone = threading.Event()
        when_gone(owner, gone.set)
        gone.wait()
    file.unlink(missing_ok=True)
    file.with_suffix(".log").unlink(missing_ok=True)


@contextmanager
def listening() -> Iterator[str]:
    """Answer AWS's APIs from a thread while the block runs, and yield the URL."""
    moto_mends.apply()
    alone = threading.Lock()
    rest = S3Front(_OneAtATime(DomainDispatcherApplication(create_backend_app), alone))
    server = make_server("127.0.0.1", 0, rest, threaded=True, request_handler=_Quiet)
    url = f"http://127.0.0.1:{server.server_port}"
    engine = Engine(_clients(url), region=REGION)
    server.app = LambdaApi(engine, rest)
    time_to_live = TimeToLive(alone)
    work = Work(lambda: [*engine.parts(), time_to_live])
    work.start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield url
    finally:
        work.stop()
        engine.close()
        server.shutdown()


def _clients(url: str) -> Callable[[str], Any]:
    """Return what makes boto3 clients of this very server; its own calls go the way that an app's go."""
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)  # noqa: S106 - moto asks for no other
    return functools.cache(functools.partial(session.client, endpoint_url=url))


def create_stack(project: Project, stage: str, *, environment: Mapping[str, str]) -> dict[str, str]:
    """Create the stage's data stack, from the very template that is deployed to AWS, and return its outputs.

    Its users get one who is not on AWS: the sample user.
    """
    os.environ.update(environment)
    project.enter(stage)
    template = data.template_of(project, stage)
    if not template["Resources"]:
        return {}
    cloudformation = boto3.client("cloudformation")
    name = data.stack_name(project.name, stage)
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
    moto_properties.apply(template)
    found = Stack(name).outputs()
    if "UserPoolId" in found:
        users.create_sample(found["UserPoolId"])
    return found


class _OneAtATime:
    """Lets one request to DynamoDB in at a time: a real table's writes are atomic, moto's only without threads.

    Those to its streams too, which show what a transaction writes before it rolls back.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], alone: threading.Lock) -> None:
        self._application = application
        self._alone = alone

    def __call__(self, environ: Mapping[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB"):
            return self._application(environ, start_response)
        with self._alone:
            return list(self._application(environ, start_response))


class _Quiet(WSGIRequestHandler):
    """Keeps connections open, and says nothing of requests."""

    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:  # noqa: ANN401
        """Say nothing."""


if __name__ == "__main__":
    folder_name, stage_name, owner_id, state_file = sys.argv[1:]
    serve(Project(Path(folder_name)), stage_name, owner=int(owner_id), file=Path(state_file))
    os._exit(0)  # at once: there is nothing to save, and much to free one by one
