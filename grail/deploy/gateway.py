"""The API as API Gateway has it: put as a whole, and compared with what is declared.

A stage serves a copy of the API, made by a deployment, which nobody can change: ours bears the mark of the definition
that it was made of. So what is served is known to the letter; the methods are looked at to say in words what differs.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from grail.deploy import clients
from grail.deploy.findings import Finding, Mend, compared

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_RESPONSES = "x-amazon-apigateway-gateway-responses"
_KEY = "api_key"
_FEW = 3
_CACHED_SECONDS = 300  # where nobody says (API Gateway API Reference, "Authorizer")
_LIMITS = {
    "ThrottlingRateLimit": ("throttling/rateLimit", "throttlingRateLimit"),
    "ThrottlingBurstLimit": ("throttling/burstLimit", "throttlingBurstLimit"),
}
"""A template's names of limits, those of a patch, and those that API Gateway answers with."""


class Gateway(NamedTuple):
    """An API by its id, its stage, its Swagger definition, and the packaged template's settings of both."""

    api: str
    stage: str
    definition: Mapping[str, Any]
    settings: Mapping[str, Any]

    @property
    def mark(self) -> str:
        """What the deployment of this definition is described with."""
        return f"grail {hashlib.sha256(_text(self.definition).encode()).hexdigest()}"


def put(gateway: Gateway) -> None:
    """Make the API, its stage, and what the stage serves be as declared."""
    client = clients.of("apigateway")
    client.put_rest_api(restApiId=gateway.api, mode="overwrite", body=_text(gateway.definition).encode())
    if "MinimumCompressionSize" in gateway.settings:  # which the definition that is overwritten with does not say
        operation = _replace("/minimumCompressionSize", gateway.settings["MinimumCompressionSize"])
        client.update_rest_api(restApiId=gateway.api, patchOperations=[operation])
    client.update_stage(restApiId=gateway.api, stageName=gateway.stage, patchOperations=[*_operations(gateway)])
    client.create_deployment(restApiId=gateway.api, stageName=gateway.stage, description=gateway.mark)


def findings(gateway: Gateway) -> Iterator[Finding]:
    """Yield what differs."""
    client = clients.of("apigateway")
    mend = partial(put, gateway)
    live = {"name": client.get_rest_api(restApiId=gateway.api)["name"]}
    yield from compared("API", live, {"name": gateway.definition["info"]["title"]}, mend)
    stage = client.get_stage(restApiId=gateway.api, stageName=gateway.stage)
    served = client.get_deployment(restApiId=gateway.api, deploymentId=stage["deploymentId"])
    if served.get("description") != gateway.mark:
        yield Finding("API: its stage serves another definition than the declared one", mend)
    yield from compared("API's stage", _settings(stage), _declared_settings(gateway), mend)
    there, wanted = _methods(gateway), _declared_methods(gateway.definition)
    yield from _together("is there, and not declared", sorted(there.keys() - wanted.keys()), mend)
    yield from _together("is not there", sorted(wanted.keys() - there.keys()), mend)
    differing: dict[str, list[str]] = {}
    for name in sorted(there.keys() & wanted.keys()):
        for finding in compared("", there[name], wanted[name]):
            differing.setdefault(finding.words.removeprefix(": "), []).append(name)
    for words, names in differing.items():
        yield from _together(words, names, mend)
    answers = client.get_gateway_responses(restApiId=gateway.api, limit=500)["items"]
    own = {answer["responseType"]: answer for answer in answers if not answer.get("defaultResponse")}
    declared_answers = gateway.definition.get(_RESPONSES, {})
    others = [kind for kind, answer in sorted(declared_answers.items()) if not _same(own.get(kind, {}), answer)]
    yield from _authorizers(gateway)
    yield from _together("is not as declared", [f"its own answer {kind}" for kind in others], mend)


def _together(words: str, names: list[str], mend: Mend) -> Iterator[Finding]:
    """Yield what is to say of each of some methods; of many at once."""
    if len(names) > _FEW:
        yield Finding(f"API: {names[0]} and {len(names) - 1} others: {words}", mend)
        return
    for name in names:
        yield Finding(f"API: {name}: {words}", mend)


def _same(live: Mapping[str, Any], declared: Mapping[str, Any]) -> bool:
    parts = ("responseParameters", "responseTemplates")
    status = declared.get("statusCode")  # API Gateway has one of its own for most
    return all(live.get(name) == declared.get(name) for name in parts) and (
        status is None or str(live.get("statusCode")) == str(status)
    )


def _declared_authorizers(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what decides who may call, by its name."""
    found = {}
    for name, scheme in definition.get("securityDefinitions", {}).items():
        if (said := scheme.get("x-amazon-apigateway-authorizer")) is not None:
            found[name] = {
                "asks": said.get("authorizerUri"),
                "users of": said.get("providerARNs", []),
                "cached for": said.get("authorizerResultTtlInSeconds", _CACHED_SECONDS),
            }
    return found


def _authorizers(gateway: Gateway) -> Iterator[Finding]:
    live = {one["name"]: one for one in clients.of("apigateway").get_authorizers(restApiId=gateway.api)["items"]}
    for name, wanted in _declared_authorizers(gateway.definition).items():
        one: Mapping[str, Any] = live.get(name, {})
        there = {
            "asks": one.get("authorizerUri"),
            "users of": one.get("providerARNs", []),
            "cached for": one.get("authorizerResultTtlInSeconds", _CACHED_SECONDS),
        }
        yield from compared(f"API: authorizer {name}", there, wanted, partial(put, gateway))


def _operations(gateway: Gateway) -> Iterator[dict[str, str]]:
    """Yield the patch that makes a stage as declared; limits that are declared no more are taken from it."""
    wanted = _declared_settings(gateway)
    yield _replace("/tracingEnabled", str(wanted["tracing"]).lower())
    if wanted["access log"] is not None:
        target, form = wanted["access log"]
        yield _replace("/accessLogSettings/destinationArn", target)
        yield _replace("/accessLogSettings/format", form)
    declared = {_place(limits): limits for limits in gateway.settings.get("MethodSettings", ())}
    stage = clients.of("apigateway").get_stage(restApiId=gateway.api, stageName=gateway.stage)
    for place in stage.get("methodSettings", {}):
        if place not in declared:
            yield {"op": "remove", "path": f"/{place}"}
    for place, limits in declared.items():
        for name, (path, _) in _LIMITS.items():
            yield _replace(f"/{place}/{path}", limits[name])
        yield _replace(f"/{place}/logging/dataTrace", "false")


def _declared_settings(gateway: Gateway) -> dict[str, Any]:
    log = gateway.settings.get("AccessLogSetting")
    return {
        "tracing": gateway.settings.get("TracingEnabled", False),
        "logs bodies": [],  # never: secrets are in them
        "access log": None if log is None else (log["DestinationArn"], log["Format"]),
        "throttle": {
            _place(limits): {live: float(limits[name]) for name, (_, live) in _LIMITS.items()}
            for limits in gateway.settings.get("MethodSettings", ())
        },
    }


def _settings(stage: Mapping[str, Any]) -> dict[str, Any]:
    log = stage.get("accessLogSettings")
    return {
        "tracing": stage.get("tracingEnabled", False),
        "logs bodies": [
            place for place, limits in stage.get("methodSettings", {}).items() if limits.get("dataTraceEnabled")
        ],
        "access log": None if log is None else (log["destinationArn"].removesuffix(":*"), log["format"]),
        "throttle": {
            place: {live: float(limits.get(live, -1)) for _, live in _LIMITS.values()}
            for place, limits in stage.get("methodSettings", {}).items()
        },
    }


def _declared_methods(definition: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return each method by its words, with what a caller must show and what is called."""
    found = {}
    for path, methods in definition["paths"].items():
        for method, described in methods.items():
            needed = [name for one in described.get("security", ()) for name in one]
            integration = described.get(_INTEGRATION, {})
            found[f"{'ANY' if method == _ANY else method.upper()} {path}"] = {
                "authorizer": next((name for name in needed if name != _KEY), None),
                "key": _KEY in needed,
                "validator": definition.get("x-amazon-apigateway-request-validator"),
                "integration": str(integration.get("type", "")).upper(),
                "calls": integration.get("uri"),
            }
    return found


def _methods(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """Return the methods that the API has, the same way."""
    client = clients.of("apigateway")
    validators = _names(client.get_request_validators(restApiId=gateway.api, limit=500))
    authorizers = _names(client.get_authorizers(restApiId=gateway.api, limit=500))
    pages = client.get_paginator("get_resources").paginate(restApiId=gateway.api, embed=["methods"])
    found = {}
    for resource in (resource for page in pages for resource in page["items"]):
        for method, described in resource.get("resourceMethods", {}).items():
            integration = described.get("methodIntegration", {})
            found[f"{method} {resource['path']}"] = {
                "authorizer": authorizers.get(described.get("authorizerId")),
                "key": described.get("apiKeyRequired", False),
                "validator": validators.get(described.get("requestValidatorId")),
                "integration": integration.get("type", "").upper(),
                "calls": integration.get("uri") or None,
            }
    return found


def _names(answer: Mapping[str, Any]) -> dict[str, str]:
    return {one["id"]: one["name"] for one in answer["items"]}


def _place(limits: Mapping[str, Any]) -> str:
    """Return where limits hold, as API Gateway names it."""
    return f"{limits['ResourcePath']}/{limits['HttpMethod']}".removeprefix("/")


def _replace(path: str, value: Any) -> dict[str, str]:  # noqa: ANN401 - a number or a text
    return {"op": "replace", "path": path, "value": str(value)}


def _text(definition: Mapping[str, Any]) -> str:
    return json.dumps(definition, sort_keys=True, separators=(",", ":"))
