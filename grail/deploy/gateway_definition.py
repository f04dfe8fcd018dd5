"""What an API consists of, as its definition says it and as API Gateway lists it: methods, authorizers, own answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from grail.deploy import clients
from grail.deploy.findings import Finding, Mend, compared

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_RESPONSES = "x-amazon-apigateway-gateway-responses"
_KEY = "api_key"
_FEW = 3
_CACHED_SECONDS = 300  # where nobody says (API Gateway API Reference, "Authorizer")


def findings(api: str, definition: Mapping[str, Any], mend: Mend) -> Iterator[Finding]:
    """Yield what differs on an API from its definition."""
    yield from _of_methods(api, definition, mend)
    yield from authorizers(api, definition, mend)
    answers = clients.of("apigateway").get_gateway_responses(restApiId=api, limit=500)["items"]
    own = {answer["responseType"]: answer for answer in answers if not answer.get("defaultResponse")}
    declared = definition.get(_RESPONSES, {})
    others = [kind for kind, answer in sorted(declared.items()) if not is_same_answer(own.get(kind, {}), answer)]
    yield from _together("is not as declared", [f"its own answer {kind}" for kind in others], mend)


def _of_methods(api: str, definition: Mapping[str, Any], mend: Mend) -> Iterator[Finding]:
    there, wanted = _methods(api), _declared_methods(definition)
    yield from _together("is there, and not declared", sorted(there.keys() - wanted.keys()), mend)
    yield from _together("is not there", sorted(wanted.keys() - there.keys()), mend)
    differing: dict[str, list[str]] = {}
    for name in sorted(there.keys() & wanted.keys()):
        for finding in compared("", there[name], wanted[name]):
            differing.setdefault(finding.words.removeprefix(": "), []).append(name)
    for words, names in differing.items():
        yield from _together(words, names, mend)


def _together(words: str, names: list[str], mend: Mend) -> Iterator[Finding]:
    """Yield what is to say of each of some methods; of many at once."""
    if len(names) > _FEW:
        yield Finding(f"API: {names[0]} and {len(names) - 1} others: {words}", mend)
        return
    for name in names:
        yield Finding(f"API: {name}: {words}", mend)


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


def _methods(api: str) -> dict[str, dict[str, Any]]:
    """Return the methods that the API has, the same way."""
    client = clients.of("apigateway")
    validators = _names(client.get_request_validators(restApiId=api, limit=500))
    authorizers = _names(client.get_authorizers(restApiId=api, limit=500))
    pages = client.get_paginator("get_resources").paginate(restApiId=api, embed=["methods"])
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


def authorizers(api: str, definition: Mapping[str, Any], mend: Mend) -> Iterator[Finding]:
    """Yield how what decides who may call differs."""
    live = {one["name"]: one for one in clients.of("apigateway").get_authorizers(restApiId=api)["items"]}
    for name, wanted in _declared_authorizers(definition).items():
        one: Mapping[str, Any] = live.get(name, {})
        there = {
            "asks": one.get("authorizerUri"),
            "users of": one.get("providerARNs", []),
            "cached for": one.get("authorizerResultTtlInSeconds", _CACHED_SECONDS),
        }
        yield from compared(f"API: authorizer {name}", there, wanted, mend)


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


def is_same_answer(live: Mapping[str, Any], declared: Mapping[str, Any]) -> bool:
    """Tell whether an answer of the API's own is the declared one."""
    parts = ("responseParameters", "responseTemplates")
    status = declared.get("statusCode")  # API Gateway has one of its own for most
    return all(live.get(name) == declared.get(name) for name in parts) and (
        status is None or str(live.get("statusCode")) == str(status)
    )
