"""Another app than this one, of what a verb is about and nothing else: its folder, an embedded AWS, its commands."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from grail.localcloud import services
from grail.project import Project
from tests.system.conftest import PATIENCE, ROOT, environment

_APP = """
from chalice import Chalice
app = Chalice("shop")
"""
_OWNER = """
import os, pathlib
from grail.localcloud import services
from grail.project import Project
services.ensure(Project(pathlib.Path.cwd()), "dev", owner=os.getpid())
print("ready", flush=True)
input()
"""


class Shop:
    """The app's stage dev, as somebody sees it who works on it with a verb."""

    def __init__(self, folder: Path, verb: str) -> None:
        embedded = services.find(Project(folder), "dev")
        assert embedded is not None
        self.folder = folder
        self._verb = verb
        self._url = embedded.url
        aws = embedded.environment()
        self._session = boto3.Session(
            aws["AWS_ACCESS_KEY_ID"], aws["AWS_SECRET_ACCESS_KEY"], region_name=aws["AWS_REGION"]
        )

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self._session.client(service, endpoint_url=self._url)  # type: ignore[call-overload]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the verb."""
        return subprocess.Popen(
            [sys.executable, "-m", "grail", self._verb, *arguments],
            cwd=self.folder, env=environment() | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads yet
        )  # fmt: skip

    def grail(self, *arguments: str, code: int = 0) -> str:
        """Run the verb; return what it printed, or if it failed, what it said of that."""
        process = self.start(*arguments)
        printed, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == code, said
        return printed if code == 0 else said


@contextmanager
def serving_aws(folder: Path, registered: str, modules: Mapping[str, str]) -> Iterator[None]:
    """Make the app, of modules by name and what it registers of them, and run its embedded AWS while the block runs."""
    for name, text in {"app": _APP, **modules}.items():
        (folder / f"{name}.py").write_text(text)
    (folder / "pyproject.toml").write_text(f"[tool.grail]\n{registered}")
    (folder / ".chalice").mkdir()
    config = {"version": "2.0", "app_name": "shop", "stages": {"dev": {}}}
    (folder / ".chalice" / "config.json").write_text(json.dumps(config))
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER], cwd=folder, env=environment() | {"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        yield
    finally:
        owner.communicate(b"\n")
