"""The real `chalice local`, on a free loopback port."""

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.emulators import free_port

ROOT = Path(__file__).resolve().parents[2]
CHALICE = Path(sys.executable).parent / "chalice"
PATIENCE = 120
"""Seconds after which what is waited for is taken to hang; a loaded machine is slow, and slow is no failure."""


@dataclass(frozen=True)
class Served:
    """A running `chalice local`: where it answers, its process, what it printed.

    `token` is an admin's and `key` an API key, if it made them.
    """

    url: str
    token: str
    key: str
    process: subprocess.Popen[bytes]
    output: Path

    def printed(self) -> str:
        """Return all that it printed so far."""
        return self.output.read_text()

    def text(self, path: str) -> str | None:
        """Return what a path without a gate answers with; None while nothing listens."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=PATIENCE) as answer:
                return str(answer.read().decode())
        except (OSError, http.client.HTTPException):  # there is no server, or it ends just now
            return None


def environment() -> dict[str, str]:
    """Return a plain user's environment: nothing of AWS, nothing of this test run."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ}


def eventually(what: str, check: object, *, seconds: float = PATIENCE) -> None:
    """Wait until a function returns something true."""
    until = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Tell whether anything answers at a URL."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, http.client.HTTPException):
        return False


def copy_project(target: Path) -> Path:
    """Copy what a clone has, so that a test may change it."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    return target


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of the processes that run in a folder, or for it."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in command or (entry / "cwd").readlink() == folder:
                found.append(command)
        except OSError:
            continue
    return found


@contextmanager
def serving(folder: Path, output: Path, command: list[str] | None = None) -> Iterator[Served]:
    """Serve an app's folder while the block runs; end the whole process group after it."""
    port = free_port()
    command = command or [str(CHALICE), "local", "--port", "{port}"]
    with output.open("wb") as printed:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            cwd=folder,
            env=environment(),
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # A job in the background ignores Ctrl-C, and its children with it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread is running
        )
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + PATIENCE
        while not answers(f"{url}/health"):
            assert process.poll() is None, f"it ended: {output.read_text()}"
            assert time.monotonic() < until, f"it does not answer: {output.read_text()}"
            time.sleep(0.1)
        yield Served(url, _said("Token", output), _said("Key", output), process, output)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=PATIENCE)


def _said(name: str, output: Path) -> str:
    found = re.search(rf"^{name} +(\S+)$", output.read_text(), re.MULTILINE)
    return found.group(1) if found else ""


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve this checkout for all tests of a worker."""
    with serving(ROOT, tmp_path_factory.mktemp("served") / "output") as running:
        yield running
