"""The embedded AWS: a moto server in a process of its own, so that data outlives a reload of the app.

It lives as long as the process it was started for (the `chalice local` that the user started), and is found by others
through a file in a folder that only this user can write.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grail.errors import GrailError
from grail.localcloud.processes import is_alive
from grail.localcloud.routes import UserPool
from grail.localcloud.users import keys_url
from grail.project import Project

REGION = "us-east-1"
_START_SECONDS = 120
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Embedded:
    """A running embedded AWS: where it listens, for which stage, in which process, for which other process.

    `outputs` are those of its data stack.
    """

    url: str
    stage: str
    process: int
    owner: int
    outputs: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return what points boto3 at it, and at nothing else, and the app at its user pool if it has one."""
        return self._users() | {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def _users(self) -> dict[str, str]:
        """Return what an OpenID Connect relying party needs: its tokens have AWS's issuer, their keys are here."""
        pool = self.outputs.get("UserPoolId")
        if pool is None:
            return {}
        return {
            "OIDC_ISSUER": UserPool(REGION, pool).issuer,
            "OIDC_AUDIENCE": self.outputs["UserPoolClientId"],
            "OIDC_JWKS": keys_url(self.url, pool),
            "USER_POOL_ARN": self.outputs["UserPoolArn"],
        }


def find(project: Project, stage: str) -> Embedded | None:
    """Return the embedded AWS that was started last for a project's stage; None where none runs."""
    found = [embedded for embedded in _running(project) if embedded.stage == stage]
    return found[-1] if found else None


def ensure(project: Project, stage: str, *, owner: int) -> tuple[Embedded, bool]:
    """Return the owner's embedded AWS and whether it was started just now. Raises GrailError where it doesn't start."""
    for embedded in _running(project):
        if embedded.owner == owner:
            return embedded, False
    file = _folder(project) / f"{owner}.json"
    log = file.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "grail.localcloud.server", str(project.folder), stage, str(owner), str(file)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_HERE), os.environ.get("PYTHONPATH", "")])},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for its owner, with which it ends
        )
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        started = _read(file)
        if started is not None:
            return started, True
        if process.poll() is not None:
            break
        time.sleep(_POLL_SECONDS / 4)
    process.kill()
    message = f"the embedded AWS did not start; its output is in {log}"
    raise GrailError(message)


_HERE = Path(__file__).resolve().parents[2]


def _folder(project: Project) -> Path:
    """Return the folder of a project's files, outside the project: the app reloads when a file changes there."""
    name = hashlib.sha256(str(project.folder.resolve()).encode()).hexdigest()[:16]
    top = Path(tempfile.gettempdir()) / f"grail-{os.getuid()}"
    top.mkdir(mode=0o700, exist_ok=True)
    if top.stat().st_uid != os.getuid():
        message = f"{top} belongs to somebody else"
        raise GrailError(message)
    folder = top / name
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _running(project: Project) -> list[Embedded]:
    """Return what runs for a project, the one started last at the end; forget what is left of others."""
    found = []
    for file in sorted(_folder(project).iterdir(), key=_modified):
        if not is_alive(int(file.stem)):
            file.unlink(missing_ok=True)
        elif file.suffix == ".json":
            embedded = _read(file)
            found += [embedded] if embedded is not None and is_alive(embedded.process) else []
    return found


def _modified(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _read(file: Path) -> Embedded | None:
    try:
        return Embedded(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
