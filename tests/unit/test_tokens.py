"""Tokens and the authorizer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.app import AuthRequest

from chalicelib import bootstrap
from chalicelib.access import gate
from chalicelib.errors import UnauthenticatedError
from chalicelib.models.caller import Caller
from chalicelib.repositories.memory import MemoryTable
from chalicelib.services.tokens import Tokens
from chalicelib.settings import APP, Settings

OPERATOR = Caller("operator", ())
ARN = "arn:aws:execute-api:eu-west-1:123456789012:abc/api/GET/people"


class Clock:
    """A clock that a test moves on."""

    now = datetime(2026, 11, 20, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the service's clock."""
    return Clock()


@pytest.fixture
def table() -> MemoryTable:
    """Return an empty table."""
    return MemoryTable()


@pytest.fixture
def tokens(clock: Clock, table: MemoryTable) -> Tokens:
    """Return the service."""
    return bootstrap.build(Settings.read({}), table=table, now=clock).tokens


@pytest.fixture
def secret(tokens: Tokens) -> str:
    """Return an editor's token."""
    return tokens.mint("alice", ["editor"], life=timedelta(hours=1), caller=OPERATOR)


def test_a_token_is_its_principals(tokens: Tokens, secret: str) -> None:
    """What was minted is recognised."""
    token = tokens.recognise(secret)
    assert (token.principal, token.roles) == ("alice", ["editor"])


def test_the_secret_is_not_stored(table: MemoryTable, secret: str) -> None:
    """Only its hash is."""
    assert secret.split("_", 2)[2] not in str(table._items)


@pytest.mark.parametrize("change", ["x{}", "{}x", f"{APP}_nobody_{{}}", "{}_", "_{}", "X{}"])
def test_anything_else_is_not_recognised(tokens: Tokens, secret: str, change: str) -> None:
    """One character more is another text."""
    with pytest.raises(UnauthenticatedError):
        tokens.recognise(change.format(secret))


@pytest.mark.parametrize(
    "text",
    [
        "",
        APP,
        f"{APP}_",
        f"{APP}__",
        f"{APP}_a",
        "é",
        "\ud800",
        f"{APP}_a#b_c",
        f"{APP}_{'a' * 3000}_x",
        f"{APP}_é_x",
        "x" * 5000,
    ],
)
def test_what_is_no_token_is_not_recognised(tokens: Tokens, text: str) -> None:
    """Whatever it is, the answer is the same."""
    with pytest.raises(UnauthenticatedError):
        tokens.recognise(text)


def test_an_expired_token_is_not_recognised(tokens: Tokens, secret: str, clock: Clock) -> None:
    """From the very second on, whether or not it was removed."""
    clock.now += timedelta(hours=1)
    with pytest.raises(UnauthenticatedError):
        tokens.recognise(secret)


def decide(tokens: Tokens, text: str) -> dict[str, Any]:
    return gate.decide(AuthRequest("TOKEN", text, ARN), tokens)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_a_known_caller_is_let_through(tokens: Tokens, secret: str, scheme: str) -> None:
    """To every route of this stage and of no other; the context says what they may do."""
    answer = decide(tokens, scheme + secret)
    assert answer["principalId"] == "alice"
    assert "people:write" in answer["context"]["permissions"].split()
    [statement] = answer["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Resource"]) == (
        "Allow",
        "arn:aws:execute-api:eu-west-1:123456789012:abc/api/*",
    )


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "{}", "Basic {}", "Bearer x", "Bearer {} x", "Token {}"])
def test_anyone_else_is_401(tokens: Tokens, secret: str, header: str) -> None:
    """By the one message that API Gateway knows."""
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        decide(tokens, header.format(secret))
