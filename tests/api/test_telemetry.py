"""What a request leaves in the log, and what it must not."""

import json
import uuid
from types import SimpleNamespace
from typing import Any

import pytest

from app import app
from chalicelib.models.tokens import read
from chalicelib.telemetry import Telemetry
from tests.api.conftest import Caller
from tests.api.faults import THROTTLED, Faults

SECRETS = ("Xanthippe", "xanthippe@example.com", "+442079460000", "Zweitausend")
PERSON = {"name": "Xanthippe", "email": "xanthippe@example.com", "phone": "+442079460000", "tags": ["Zweitausend"]}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the app a telemetry that has reported nothing yet, and writes where the test can read."""
    name = f"test-{uuid.uuid4()}"  # the logger of a name writes where it was first told to
    monkeypatch.setattr(app, "telemetry", Telemetry(name))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what was printed since the last time, line by line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_request_is_one_line_and_one_set_of_metrics(admin: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    """With all that is needed to find it again."""
    path = f"/people/{admin('POST', '/people', PERSON).body['id']}"
    capsys.readouterr()
    answer = admin("GET", path)
    log, metrics = lines(capsys)
    assert log["request_id"] == answer.headers["X-Request-Id"]
    assert (log["route"], log["status"], log["caller"]) == ("GET /people/{person_id}", 200, "alice")
    assert (log["level"], log["cold_start"]) == ("INFO", False)
    assert log["duration_ms"] > 0
    assert metrics["route"] == "GET /people/{person_id}"
    assert {metric["Name"] for metric in metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]} == {
        "Duration", "Failures", "ColdStarts",
    }  # fmt: skip


def test_only_the_first_request_is_a_cold_start(nobody: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    """A process starts once."""
    capsys.readouterr()
    for _ in range(2):
        nobody("GET", "/health")
    assert [line["cold_start"] for line in lines(capsys) if "cold_start" in line] == [True, False]


def test_a_failure_says_where_and_not_what(admin: Caller, faults: Faults, capsys: pytest.CaptureFixture[str]) -> None:
    """The stack names files and lines; messages may quote a client."""
    capsys.readouterr()
    faults.plan = [THROTTLED] * 9
    assert admin("POST", "/people", PERSON).status == 503
    log, metrics = lines(capsys)
    assert (log["level"], log["status"], log["error"]) == ("ERROR", 503, "UnavailableError")
    assert any("dynamodb.py" in frame for frame in log["stack"])
    assert metrics["Failures"] == [1.0]


def test_no_log_line_holds_a_body_or_a_token(
    admin: Caller, faults: Faults, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Good, bad, refused, conflicting, failing: nothing personal is printed, on either stream."""
    made = admin("POST", "/people", PERSON)
    path = f"/people/{made.body['id']}"
    admin("POST", "/people", PERSON)
    admin("POST", "/people", {**PERSON, "email": "Xanthippe"})
    admin("POST", "/people", json.dumps(PERSON).encode()[:-1])
    admin("GET", f"{path}?Xanthippe=Zweitausend")
    admin("GET", path, If_None_Match="Xanthippe")
    admin("PATCH", path, {"tags": ["Zweitausend", 1]})
    faults.plan = [THROTTLED] * 9
    admin("PATCH", path, PERSON)
    faults.plan = []

    def broken(**_: Any) -> None:
        raise RuntimeError(*SECRETS)

    client = {"get_item": faults._client.get_item, "transact_write_items": broken}
    monkeypatch.setattr(faults, "_client", SimpleNamespace(**client))
    admin("POST", "/people", PERSON)
    printed = capsys.readouterr()
    assert '"status":500' in printed.out
    for secret in (*SECRETS, str(admin._token), str(admin._token).split("_", 2)[2]):
        assert secret not in printed.out + printed.err


def test_no_secret_and_no_hash_is_shown_again(
    admin: Caller, nobody: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    """Made, read, listed, replayed, used, misused, revoked: a token's secret is in one answer, its hash in none."""
    admin("PUT", "/access/principals/bob", {"roles": ["viewer"]})
    body = {"principal": "bob", "roles": ["viewer"]}
    made = admin("POST", "/access/tokens", body, Idempotency_Key="k").body
    secret, path = made["secret"], f"/access/tokens/{made['id']}"
    bob = Caller(admin._client, secret)
    shown = [
        admin("POST", "/access/tokens", body, Idempotency_Key="k"),
        admin("POST", "/access/tokens", {**body, "roles": ["editor"]}, Idempotency_Key="k"),
        admin("GET", path),
        admin("GET", "/access/tokens"),
        admin("GET", "/access/audit"),
        bob("GET", "/me"),
        bob("DELETE", path),
        admin("DELETE", path),
        admin("GET", f"/people/{secret}"),
        nobody("GET", "/openapi.json"),
    ]
    printed = capsys.readouterr()
    everything = printed.out + printed.err + str(shown)
    for hidden in (secret, secret.split("_", 3)[3], read(secret).hash):  # type: ignore[union-attr]
        assert hidden not in everything
    assert [answer.status for answer in shown] == [201, 409, 200, 200, 200, 200, 403, 204, 400, 200]
