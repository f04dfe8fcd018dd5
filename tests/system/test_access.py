"""Sign in, be refused, be granted, be let in, be revoked: by HTTP and on the command line, as docs/access.md says."""

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import PATIENCE, Served, copy_project, environment, eventually, serving


class Stage:
    """A served copy of the project, and its command line."""

    def __init__(self, folder: Path, served: Served) -> None:
        self._folder = folder
        self.served = served

    def grail(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run a verb; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "grail", *arguments],
            cwd=self._folder, env=environment(), input=stdin, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    def call(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        """Send a request."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.served.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def sign_in(self) -> str:
        """Sign the sample user in with the printed password; return the JWT."""
        user, password = re.findall(r"^User +(\S+), password (\S+)$", self.served.printed(), re.MULTILINE)[0]
        return self.grail("sign-in", "--user", user, stdin=f"{password}\n").strip()

    def becomes(self, status: int, path: str, token: str) -> None:
        """Wait until a path answers with a status: what was remembered is forgotten within the stage's seconds."""
        eventually(f"{path} is {status}", lambda: self.call("GET", path, token)[0] == status)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Serve a copy, so that the command line finds this server and no other test's."""
    folder = copy_project(tmp_path_factory.mktemp("access") / "project")
    with serving(folder, folder.parent / "output") as served:
        yield Stage(folder, served)


def test_a_users_life_on_the_command_line(stage: Stage) -> None:
    """With a real sign-in, whose token takes the way that it takes in prod."""
    token = stage.sign_in()
    status, me = stage.call("GET", "/me", token)
    assert (status, me["grants"]) == (200, [])
    assert stage.call("GET", "/people", token)[0] == 403
    principal = me["principal"]
    granted = json.loads(stage.grail("access", "grant", principal, "--role", "viewer", "--json"))
    assert granted == [{"principal": principal, "roles": ["viewer"], "grants": [], "denies": []}]
    stage.becomes(200, "/people", token)
    shown = stage.grail("access", "show", principal)
    assert re.search(r"^people:read +yes +role viewer gives \*:read$", shown, re.MULTILINE)
    assert re.search(r"^people:write +no +nothing gives it$", shown, re.MULTILINE)
    stage.grail("access", "revoke", principal, "--role", "viewer")
    stage.becomes(403, "/people", token)
    assert [row["action"] for row in json.loads(stage.grail("access", "audit", "--json"))][-2:] == ["principal.put"] * 2
    assert "y/N" not in stage.grail("access", "revoke", principal, code=1)
    assert principal in stage.grail("access", "list")
    stage.grail("access", "revoke", principal, "--yes")
    assert principal not in stage.grail("access", "list")


def test_a_machines_life_by_http(stage: Stage) -> None:
    """An admin gives it a role and a token, and takes the token back."""
    admin = stage.served.token
    path = "/access/principals/reporter"
    assert stage.call("PUT", path, admin, {"roles": ["viewer"], "denies": ["notes:read"]})[0] == 200
    status, made = stage.call("POST", "/access/tokens", admin, {"principal": "reporter", "roles": ["viewer"]})
    assert status == 201
    token = made["secret"]
    assert stage.call("GET", "/people", token)[0] == 200
    assert stage.call("GET", "/api/notes", token)[0] == 403
    assert stage.call("POST", "/people", token, {"name": "a", "email": "a@example.com"})[0] == 403
    assert stage.call("GET", f"/access/tokens/{made['id']}", admin)[1]["secret"] is None
    assert stage.call("DELETE", f"/access/tokens/{made['id']}", admin) == (204, None)
    stage.becomes(401, "/people", token)
    assert token not in stage.served.printed()


def test_the_first_admin_is_made_once(stage: Stage) -> None:
    """Here `make local` has made one already; who else tries is told who it is."""
    assert "already: admin" in stage.grail("access", "bootstrap", "mallory", code=1)


IMPOSSIBLE = [
    (("grant", "bob"), "--role"),
    (("grant", "bob", "--role", "nonsense"), "no role nonsense"),
    (("grant", "bob", "--permission", "nonsense"), "'nonsense'"),
    (("grant", "a b", "--role", "viewer"), "'a b'"),
    (("revoke", "bob", "--role", "viewer"), "does not have viewer"),
    (("show", "nobody"), "no principal"),
    (("revoke-token", "nonsense"), "no token"),
    (("revoke", "admin", "--role", "admin"), "last admin"),
    (("revoke", "admin", "--yes"), "last admin"),
    (("grant", "admin", "--deny", "access:*"), "last admin"),
]


def test_what_can_not_be_says_why_in_one_line(stage: Stage) -> None:
    """And changes nothing."""
    before = stage.grail("access", "audit")
    for arguments, words in IMPOSSIBLE:
        said = stage.grail("access", *arguments, code=1)
        assert words in said
        assert said.count("\n") == 1
    assert stage.grail("access", "audit") == before


def test_a_wrong_password_is_one_line(stage: Stage) -> None:
    """And no token."""
    said = stage.grail("sign-in", "--user", "ada@example.com", stdin="wrong\n", code=1)
    assert said.count("\n") == 1
