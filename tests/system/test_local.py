"""`chalice local` and `make local`, as a user runs them."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chalicelib.settings import APP
from tests.system.conftest import (
    CHALICE,
    PATIENCE,
    ROOT,
    Served,
    copy_project,
    environment,
    eventually,
    processes_of,
    serving,
)

PYTHON = sys.executable


def call(served: Served, method: str, path: str, body: Any = None, token: str | None = None) -> tuple[int, Any]:
    """Send a request; return the status and the JSON body."""
    headers = {"Authorization": f"Bearer {token or served.token}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(served.url + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def health(served: Served) -> Any:
    """Return what /health says; None while nothing listens."""
    try:
        return call(served, "GET", "/health")[1]
    except (OSError, http.client.HTTPException):  # or ends just now
        return None


@contextmanager
def own_copy(tmp_path: Path, command: list[str] | None = None) -> Iterator[tuple[Path, Served]]:
    """Serve a copy of the project that the test may change."""
    folder = copy_project(tmp_path / "project")
    with serving(folder, tmp_path / "output", command) as running:
        yield folder, running


def test_the_sample_can_be_read_with_the_printed_curl(served: Served) -> None:
    """What is printed works when pasted, and shows the sample."""
    line = next(line for line in served.printed().splitlines() if line.startswith("Try"))
    done = subprocess.run(
        line.removeprefix("Try").strip(), shell=True, capture_output=True, check=True, timeout=PATIENCE
    )
    names = [person["name"] for person in json.loads(done.stdout)["items"]]
    assert {"Ada Lovelace", "Grace Hopper", "Alan Turing"} <= set(names)


def test_the_gates_are_closed(served: Served) -> None:
    """No token and a wrong one are 401; an unknown path is 404."""
    assert call(served, "GET", "/people", token="wrong")[0] == 401
    assert call(served, "GET", "/nothing")[0] == 404


def test_a_token_for_scripts_is_all_that_is_printed(served: Served) -> None:
    """`python -m grail token` finds the embedded AWS, and its role holds."""
    command = [PYTHON, "-m", "grail", "token", "--role", "viewer", "--subject", "victor"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=True, timeout=PATIENCE
    )
    token = done.stdout.removesuffix("\n")
    assert token.startswith(f"{APP}_")
    assert not set(token) & set(" \n")
    # With several servers for one folder the newest is found, which may be another worker's: then it is unknown here.
    status = call(served, "POST", "/api/notes", {"title": "a"}, token=token)[0]
    assert status in {401, 403}


def test_of_concurrent_creations_with_one_email_one_wins(served: Served) -> None:
    """Over real HTTP and a real DynamoDB API: one 201, the others 409."""
    body = {"name": "Twin", "email": f"twin-{os.getpid()}@example.com"}
    with ThreadPoolExecutor(12) as pool:
        statuses = [status for status, _ in pool.map(lambda _: call(served, "POST", "/people", body), range(12))]
    assert sorted(statuses) == [201] + [409] * 11


def test_concurrent_patches_lose_nothing(served: Served) -> None:
    """Each that is answered with 200 counts one version."""
    person = call(served, "POST", "/people", {"name": "a", "email": f"patch-{os.getpid()}@example.com"})[1]["id"]

    def patch(number: int) -> int:
        return call(served, "PATCH", f"/people/{person}", {"name": f"name {number}"})[0]

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(patch, range(24)))
    assert set(statuses) <= {200, 409}
    request = urllib.request.Request(
        f"{served.url}/people/{person}", headers={"Authorization": f"Bearer {served.token}"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        assert answer.headers["ETag"] == f'"{1 + statuses.count(200)}"'


def raw(served: Served, sent: bytes) -> bytes:
    """Send bytes as they are, and return the answer."""
    port = int(served.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        found = b""
        while part := connection.recv(65536):
            found += part
    return found


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /health HTTP/1.0\r\n\r\n", b"200"),
        (b"GET http://else.where/health HTTP/1.1\r\nHost: x\r\n\r\n", b"200"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", b"400"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", b"413"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", b"400"),
        (b'POST /people HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"name": "a"}', b"400"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"401"),
        (
            b"POST /people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\n{}\r\n0\r\nT: x\r\n\r\n",
            b"401",
        ),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}\r\n0\r\n\r\n", b"400"),
        (b"POST /people HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", b"400"),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /health HTTP/9.9\r\n\r\n", b"400"),
        (b"GET /he alth HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\n" + b"x: y\r\n" * 200 + b"\r\n", b"400"),
        (b"HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"BREW /health HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
    ],
)
def test_odd_http_is_answered(served: Served, sent: bytes, status: bytes) -> None:
    """Never a hang and never a stack trace."""
    before = len(served.printed())
    answer = raw(served, sent)
    assert answer.split(b" ", 2)[1] == status
    assert b"Traceback" not in answer + served.printed()[before:].encode()
    assert b"html" not in answer
    assert b"200" in status or b"application/problem+json" in answer
    assert b"\r\nX-Request-Id: " in answer


def test_data_survives_a_reload(tmp_path: Path) -> None:
    """A change of the code is served within seconds, a broken one and its mend too; the embedded AWS stays."""
    with own_copy(tmp_path) as (folder, served):
        made = call(served, "POST", "/people", {"name": "Kept", "email": "kept@example.com"})[1]
        file = folder / "chalicelib" / "web" / "health.py"
        text = file.read_text()
        file.write_text(text.replace('"ok"', '"reloaded"'))
        eventually("the change is served", lambda: health(served) == {"status": "reloaded"})
        assert call(served, "GET", f"/people/{made['id']}")[1] == made
        file.write_text("this is no Python")
        eventually("the server is gone", lambda: health(served) is None)
        file.write_text(text)
        eventually("the mend is served", lambda: health(served) == {"status": "ok"})
        assert call(served, "GET", f"/people/{made['id']}")[1] == made
        assert served.printed().count("\nToken ") == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(tmp_path: Path, how: signal.Signals) -> None:
    """Whichever way `chalice local` ends, its worker and the embedded AWS end too."""
    with own_copy(tmp_path) as (folder, served):
        assert len(processes_of(folder)) == 3
        served.process.send_signal(how)
        served.process.wait(timeout=PATIENCE)
        eventually("no process is left", lambda: not processes_of(folder))


def test_without_autoreload_it_serves_too(tmp_path: Path) -> None:
    """One process less, the same API."""
    command = [str(CHALICE), "local", "--no-autoreload", "--port", "{port}"]
    with own_copy(tmp_path, command) as (folder, served):
        assert call(served, "GET", "/people")[0] == 200
        assert len(processes_of(folder)) == 2


PLAIN_APP = """
import os
from chalice import Chalice
app = Chalice("plain")

@app.authorizer()
def gate(request):
    raise Exception("Unauthorized")

@app.route("/health")
def health():
    return {"plain": True}

@app.route("/closed", authorizer=gate)
def closed():
    return {}

@app.route("/keyed", api_key_required=True)
def keyed():
    return {}

if os.environ.get("AWS_CHALICE_CLI_MODE"):
    from grail.localcloud import attach
"""


def test_any_chalice_app_can_have_the_gateway(tmp_path: Path) -> None:
    """With the one guarded line and nothing else of this blueprint: no pyproject.toml, no chalicelib."""
    folder = tmp_path / "plain"
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_text('{"version": "2.0", "app_name": "plain", "stages": {"dev": {}}}')
    (folder / "app.py").write_text(PLAIN_APP)
    (folder / "grail").symlink_to(ROOT / "grail")
    with serving(folder, tmp_path / "output") as served:
        assert call(served, "GET", "/health") == (200, {"plain": True})
        assert [call(served, "GET", path)[0] for path in ("/closed", "/keyed", "/nothing")] == [401, 403, 404]


def test_make_local_serves(tmp_path: Path) -> None:
    """With HOST and PORT; Ctrl-C in a terminal goes to the whole group and ends all."""
    command = ["make", "--no-print-directory", "local", "PORT={port}", "HOST=127.0.0.1", f"PYTHON={PYTHON}"]
    folder = copy_project(tmp_path / "project")
    (folder / ".venv").mkdir()
    for entry in Path(PYTHON).parents[1].iterdir():  # not the folder itself: make would clear what it takes for stale
        if entry.name != "installed":
            (folder / ".venv" / entry.name).symlink_to(entry)
    (folder / ".venv" / "installed").touch()
    with serving(folder, tmp_path / "output", command) as served:
        assert "Docs  http://127.0.0.1:" in served.printed()
        os.killpg(served.process.pid, signal.SIGINT)
        served.process.wait(timeout=PATIENCE)
        eventually("no process is left", lambda: not processes_of(folder))


def test_a_port_that_is_none_is_one_line() -> None:
    """Chalice's own answer is a traceback, and then nothing for ever."""
    command = [str(CHALICE), "local", "--port", "99999"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert [line for line in done.stderr.splitlines() if "99999" in line] == done.stderr.splitlines()


@pytest.mark.parametrize("command", [[str(CHALICE), "local"], [PYTHON, "-m", "grail", "local"]])
def test_a_port_in_use_is_one_line(served: Served, command: list[str]) -> None:
    """With what to do about it, and nothing started."""
    port = served.url.rpartition(":")[2]
    done = subprocess.run(
        [*command, "--port", port],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 1, done.stderr
    assert port in lines[0]
    assert "PORT=" in lines[0]
