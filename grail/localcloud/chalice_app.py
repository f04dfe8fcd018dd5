"""What a Chalice app declares, as the gateway takes it; nothing else of the gateway knows Chalice."""

import re
from collections.abc import Mapping
from typing import Any

from chalice.app import Authorizer, Chalice, ChaliceAuthorizer, CORSConfig, RouteEntry

from grail.localcloud.cors import Cors
from grail.localcloud.routes import (
    DEFAULT_TTL,
    LambdaAuthorizer,
    Resource,
    Route,
    Source,
    Uncheckable,
    UserPool,
    UserPoolAuthorizer,
)

_SOURCE = re.compile(r"(?:method\.request|\$request)\.(header|querystring)\.(\S+)")
_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:([a-z0-9-]+):\d+:userpool/([\w-]+_[0-9A-Za-z]+)")


def resources(app: Chalice) -> list[Resource]:
    """Return an app's paths and their routes."""
    functions = {config.name for config in app.builtin_auth_handlers} | {
        function.name for function in app.pure_lambda_functions
    }
    return [
        Resource(
            path=path,
            routes={method: _route(entry, functions) for method, entry in entries.items()},
            cors=_cors(entries),
        )
        for path, entries in app.routes.items()
    ]


def _route(entry: RouteEntry, functions: set[str]) -> Route:
    if entry.authorizer is None:
        return Route(needs_key=bool(entry.api_key_required))
    return Route(
        authorizer=_authorizer(entry.authorizer, functions),
        scopes=tuple(entry.authorizer.scopes),
        needs_key=bool(entry.api_key_required),
    )


def _authorizer(
    declared: Authorizer | ChaliceAuthorizer, functions: set[str]
) -> LambdaAuthorizer | UserPoolAuthorizer | Uncheckable:
    """Return an authorizer: Chalice's own by its settings, any other by what it tells API Gateway in its OpenAPI."""
    if isinstance(declared, ChaliceAuthorizer):
        config = declared.config
        return LambdaAuthorizer(
            function=config.name,
            kind="TOKEN",
            sources=(Source("header", config.header),),
            ttl=DEFAULT_TTL if config.ttl_seconds is None else config.ttl_seconds,
        )
    described = declared.to_swagger()
    header, details = described.get("name", ""), described.get("x-amazon-apigateway-authorizer", {})
    match str(details.get("type")).lower():
        case "cognito_user_pools":
            pools = [_POOL.fullmatch(str(arn)) for arn in details.get("providerARNs", ())]
            if all(pools):
                found = tuple(UserPool(pool[1], pool[2]) for pool in pools if pool)
                return UserPoolAuthorizer(header=header, pools=found)
        case "token" if declared.name in functions:
            return LambdaAuthorizer(
                function=declared.name, kind="TOKEN", sources=(Source("header", header),), ttl=_ttl(details)
            )
        case "request" if declared.name in functions:
            expressions = (part.strip() for part in details.get("identitySource", "").split(","))
            return LambdaAuthorizer(
                function=declared.name,
                kind="REQUEST",
                sources=tuple(_source(expression) for expression in expressions if expression),
                ttl=_ttl(details),
                payload=details.get("authorizerPayloadFormatVersion"),
            )
    return Uncheckable()


def _ttl(details: Mapping[str, Any]) -> float:
    return float(details.get("authorizerResultTtlInSeconds", DEFAULT_TTL))


def _source(expression: str) -> Source:
    """Return an identity source, in a REST API's spelling or an HTTP API's."""
    found = _SOURCE.fullmatch(expression)
    if found is None:
        return Source("elsewhere", expression)
    return Source("header" if found[1] == "header" else "querystring", found[2])


def _cors(entries: Mapping[str, RouteEntry]) -> Cors | None:
    """Return the CORS of a path; Chalice holds all its methods to one configuration.

    Chalice's CORSConfig names one origin. An app that has several offers a subclass with one more attribute,
    `allow_origins`: a sequence of origins, whole (scheme, host, port), among which `*` stands for all.
    """
    config: CORSConfig | None = next((entry.cors for entry in entries.values() if entry.cors is not None), None)
    if config is None:
        return None
    headers: Mapping[str, str] = config.get_access_control_headers()
    origins = getattr(config, "allow_origins", None)
    if origins is None:
        return Cors(headers=headers)
    if "*" in origins:
        return Cors(headers={**headers, "Access-Control-Allow-Origin": "*"})
    return Cors(headers=headers, origins=frozenset(origins))
