"""How an API is put, and what its stage is compared with; API Gateway is a recorder here."""

from typing import Any
from unittest.mock import MagicMock

import pytest

from grail.deploy import clients, gateway
from grail.deploy.gateway import Gateway

LIMITS = {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 9, "ResourcePath": "/*", "HttpMethod": "*"}
LIVE = {"throttlingRateLimit": 5.0, "throttlingBurstLimit": 9}
WANTED = Gateway(
    "abc",
    "api",
    {"info": {"title": "shop-dev"}, "paths": {}},
    {"MethodSettings": [LIMITS], "TracingEnabled": True, "MinimumCompressionSize": 10},
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    """Return a client that answers as where the API is as declared."""
    made = MagicMock()
    made.get_rest_api.return_value = {"name": "shop-dev"}
    made.get_stage.return_value = {"deploymentId": "d", "tracingEnabled": True, "methodSettings": {"*/*": LIVE}}
    made.get_deployment.return_value = {"description": WANTED.mark}
    for asked in ("get_request_validators", "get_authorizers", "get_gateway_responses"):
        getattr(made, asked).return_value = {"items": []}
    made.get_paginator.return_value.paginate.return_value = []
    monkeypatch.setattr(clients, "of", lambda _: made)
    return made


def words() -> list[str]:
    """Return what differs."""
    return [finding.words for finding in gateway.findings(WANTED)]


def test_an_api_is_put_as_a_whole_and_then_served(client: MagicMock) -> None:
    """What the definition does not say goes; what the stage has of limits and logs is as declared, or taken away."""
    client.get_stage.return_value["methodSettings"] = {"*/*": {}, "~1people/GET": {}}
    gateway.put(WANTED)
    names = [name for name, *_ in client.method_calls if not name.startswith("get_")]
    assert names == ["put_rest_api", "update_rest_api", "update_stage", "create_deployment"]
    assert client.put_rest_api.call_args.kwargs["mode"] == "overwrite"
    operations = client.update_stage.call_args.kwargs["patchOperations"]
    assert [(one["op"], one["path"], one.get("value")) for one in operations] == [
        ("replace", "/tracingEnabled", "true"),
        ("remove", "/~1people/GET", None),
        ("replace", "/*/*/throttling/rateLimit", "5"),
        ("replace", "/*/*/throttling/burstLimit", "9"),
        ("replace", "/*/*/logging/dataTrace", "false"),
    ]
    assert client.create_deployment.call_args.kwargs["description"] == WANTED.mark


@pytest.mark.usefixtures("client")
def test_an_api_as_declared_differs_in_nothing() -> None:
    """Nor does it where API Gateway answers with numbers of another kind."""
    assert words() == []


@pytest.mark.parametrize(
    ("asked", "answer", "said"),
    [
        ("get_rest_api", {"name": "other"}, "API: name is other"),
        ("get_deployment", {"description": "by hand"}, "API: its stage serves another definition"),
        ("get_stage", {"deploymentId": "d", "methodSettings": {"*/*": LIVE}}, "API's stage: tracing is False"),
        (
            "get_stage",
            {"deploymentId": "d", "tracingEnabled": True, "methodSettings": {"*/*": LIVE | {"dataTraceEnabled": True}}},
            "API's stage: logs bodies is ['*/*']",
        ),
        (
            "get_stage",
            {"deploymentId": "d", "tracingEnabled": True, "methodSettings": {"*/*": LIVE, "x/GET": LIVE}},
            "API's stage: throttle is",
        ),
    ],
)
def test_what_a_stage_does_otherwise_is_said(client: MagicMock, asked: str, answer: dict[str, Any], said: str) -> None:
    """Its definition, tracing, limits, and whether bodies are logged, which may hold secrets."""
    getattr(client, asked).return_value = answer
    [found] = words()
    assert found.startswith(said)
