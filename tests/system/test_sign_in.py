"""Users of the embedded AWS: made from the template that is deployed, signed in, and known by their tokens."""

import argparse
import json
import re
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from grail.errors import GrailError
from grail.localcloud import server, users
from grail.localcloud.cognito import UserPools
from grail.localcloud.exchange import RefusedError
from grail.localcloud.routes import UserPool
from grail.localcloud.services import REGION, Embedded
from grail.project import Project
from grail.stack import data
from grail.verbs import sign_in as verb
from tests.system.conftest import CHALICE, PATIENCE, ROOT, Served, environment, serving

APP = """
import os
from chalice import Chalice, CognitoUserPoolAuthorizer

app = Chalice("shop")

class Pool(CognitoUserPoolAuthorizer):
    def to_swagger(self):  # at import, nobody knows the pool yet
        self._provider_arns = [os.environ["USER_POOL_ARN"]]
        return super().to_swagger()

pool = Pool("pool", [], scopes=["aws.cognito.signin.user.admin"])

@app.route("/health")
def health():
    return {}

@app.route("/me", authorizer=pool)
def me():
    return app.current_request.context["authorizer"]["claims"]

@app.route("/key", api_key_required=True)
def key():
    return app.current_request.context["identity"]["apiKeyId"]

if os.environ.get("AWS_CHALICE_CLI_MODE"):
    from grail.localcloud import attach
"""
CONFIG = {
    "version": "2.0",
    "app_name": "shop",
    "user_pool": True,
    "stages": {
        "dev": {"usage_plan": {"rate_limit": 0.001, "burst_limit": 2}},
        "bare": {"user_pool": False, "usage_plan": {}},
        "edge": {"usage_plan": {}, "edge": {}},
    },
}


def shop(folder: Path, *, name: str = "shop") -> Path:
    """Write an app that has users and an API key, and nothing of this blueprint but `grail`."""
    (folder / ".chalice").mkdir(parents=True)
    (folder / ".chalice" / "config.json").write_text(json.dumps({**CONFIG, "app_name": name}))
    (folder / "app.py").write_text(APP)
    (folder / "grail").symlink_to(ROOT / "grail")
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Served]]:
    """Serve that app."""
    folder = shop(tmp_path_factory.mktemp("shop") / "shop")
    command = [str(CHALICE), "local", "--no-autoreload", "--port", "{port}"]
    with serving(folder, folder.parent / "output", command) as running:
        yield folder, running


def sign_in(folder: Path, password: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run the verb for the sample user."""
    command = [sys.executable, "-m", "grail", "sign-in", "--user", users.SAMPLE, *more]
    env = environment() | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=env, input=password, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def status(url: str, **headers: str) -> tuple[int, bytes]:
    """Send a request; return the status and the body."""
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_printed_user_signs_in_and_is_known(served: tuple[Path, Served]) -> None:
    """With the password that is printed; the token is all that the verb prints, and the gateway takes it."""
    folder, running = served
    printed = re.search(r"^User  (\S+), password (\S+)$", running.printed(), re.MULTILINE)
    assert printed is not None
    assert printed[1] == users.SAMPLE
    done = sign_in(folder, printed[2] + "\n")
    assert (done.returncode, done.stderr) == (0, "")
    token = done.stdout.removesuffix("\n")
    found, body = status(f"{running.url}/me", Authorization=f"Bearer {token}")
    assert (found, json.loads(body)["token_use"]) == (200, "access")
    assert status(f"{running.url}/me", Authorization=token[:-4] + "AAAA")[0] == 401
    assert status(f"{running.url}/me")[0] == 401


def test_the_printed_key_works_as_far_as_its_plan_goes(served: tuple[Path, Served]) -> None:
    """A burst of two, and then 429; without the key, 403."""
    running = served[1]
    printed = re.search(r"^Key   (\S{40})$", running.printed(), re.MULTILINE)
    assert printed is not None
    found = [status(f"{running.url}/key", x_api_key=printed[1])[0] for _ in range(3)]
    assert found == [200, 200, 429]
    assert status(f"{running.url}/key")[0] == 403


def test_of_a_stage_with_an_edge_a_client_sends_the_edges_key(tmp_path: Path) -> None:
    """Nothing is before the API here that would; the stage's own stack has no key for clients."""
    command = [str(CHALICE), "local", "--no-autoreload", "--stage", "edge", "--port", "{port}"]
    with serving(shop(tmp_path / "shop"), tmp_path / "output", command) as running:
        printed = re.search(r"^Key   (\S{40})$", running.printed(), re.MULTILINE)
        assert printed is not None
        assert status(f"{running.url}/key", x_api_key=printed[1])[0] == 200
        assert status(f"{running.url}/key")[0] == 403


@pytest.mark.parametrize(
    ("password", "more", "words"),
    [
        ("wrong\n", (), "no user 'ada@example.com' with this password"),
        ("", (), "no password"),
        ("\n", (), "no password"),
        ("x\n", ("--stage", "nonsense"), "no stage 'nonsense'"),
        ("x\n", ("--stage", "bare"), "AWS"),
    ],
)
def test_who_can_not_sign_in_is_told_why_in_one_line(
    served: tuple[Path, Served], password: str, more: tuple[str, ...], words: str
) -> None:
    """Exit code 1, nothing on stdout; where nothing is served for a stage, its stack on AWS is asked."""
    done = sign_in(served[0], password, *more)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert words in done.stderr


@pytest.fixture(scope="module")
def name() -> str:
    """Return an app's name that this process has not used: what moto makes stays, and a worker may come back here."""
    return f"shop-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[Embedded]:
    """Run an embedded AWS in this process, with the data stack of that app."""
    project = Project(shop(tmp_path_factory.mktemp("embedded") / "shop", name=name))
    with pytest.MonkeyPatch.context() as patch, server.listening() as url:
        patch.setattr(sys, "path", [*sys.path])  # entering a project puts its folder first
        patch.chdir(project.folder)
        bare = Embedded(url, "dev", 0, 0)
        for variable, value in bare.environment().items():
            patch.setenv(variable, value)
        outputs = server.create_stack(project, "dev", environment=bare.environment())
        yield Embedded(url, "dev", 0, 0, outputs)


def test_a_users_token_is_verified_with_the_pools_own_keys(embedded: Embedded) -> None:
    """The keys are where the app is told; another pool's token is no good, although all pools of moto share a key."""
    told = embedded.environment()
    token = users.sign_in(told["OIDC_AUDIENCE"], user=users.SAMPLE, password=users.SAMPLE_PASSWORD)
    with urllib.request.urlopen(told["OIDC_JWKS"], timeout=PATIENCE) as answer:
        keys = json.load(answer)
    pool = UserPool(REGION, embedded.outputs["UserPoolId"])
    assert pool.issuer == told["OIDC_ISSUER"]
    scopes = ["aws.cognito.signin.user.admin"]
    claims = UserPools(lambda _: keys).claims(token, pools=(pool,), scopes=scopes)
    assert (claims["client_id"], claims["iss"]) == (told["OIDC_AUDIENCE"], told["OIDC_ISSUER"])
    with pytest.raises(RefusedError):
        UserPools(lambda _: keys).claims(token, pools=(UserPool(REGION, f"{REGION}_other"),), scopes=scopes)


def test_the_stacks_key_is_random_letters_and_digits(embedded: Embedded, name: str) -> None:
    """As the template says, under the name that follows from app and stage."""
    secrets = boto3.client("secretsmanager", endpoint_url=embedded.url)
    secret = secrets.get_secret_value(SecretId=data.api_key_name(name, "dev"))["SecretString"]
    assert re.fullmatch(r"[A-Za-z0-9]{40}", secret)


def test_a_user_who_must_change_the_password_can_not_sign_in(embedded: Embedded) -> None:
    """A challenge is not for a command line."""
    cognito = boto3.client("cognito-idp", endpoint_url=embedded.url)
    pool, client = embedded.outputs["UserPoolId"], embedded.outputs["UserPoolClientId"]
    cognito.admin_create_user(
        UserPoolId=pool, Username="new@example.com", TemporaryPassword="Temporary-1843", MessageAction="SUPPRESS"
    )
    with pytest.raises(GrailError, match="NEW_PASSWORD_REQUIRED"):
        users.sign_in(client, user="new@example.com", password="Temporary-1843")


@pytest.mark.parametrize("user", [users.SAMPLE, "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_user_are_told_alike(embedded: Embedded, user: str) -> None:
    """In one line that does not say which."""
    with pytest.raises(GrailError, match=f"^there is no user '{user}' with this password$"):
        users.sign_in(embedded.outputs["UserPoolClientId"], user=user, password="wrong")


def test_a_stage_without_a_pool_has_nobody_to_sign_in(embedded: Embedded) -> None:
    """And says which setting is missing."""
    assert set(server.create_stack(Project(Path.cwd()), "bare", environment={})) == set()
    assert embedded.outputs
    with pytest.raises(GrailError, match='"user_pool": true'):
        verb.run(argparse.Namespace(stage="bare", user=users.SAMPLE))
