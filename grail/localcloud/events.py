"""The events that API Gateway gives to functions: the proxy event, and those of authorizers.

Source: API Gateway Developer Guide, "Input format of a Lambda function for proxy integration", "Input to an API Gateway
Lambda authorizer" and, for payload 2.0, "Control access to HTTP APIs with AWS Lambda authorizers".
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from grail.localcloud.calls import Call

_UNKNOWN = (
    "accessKey",
    "accountId",
    "apiKey",
    "apiKeyId",
    "caller",
    "clientCert",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "principalOrgId",
    "user",
    "userArn",
    "vpcId",
    "vpceId",
)
"""What an identity also has where IAM, a private API or an API key says so; null elsewhere."""


def proxy(call: Call, *, authorizer: Mapping[str, Any] | None, key: tuple[str, str] | None) -> dict[str, Any]:
    """Return the event of the API's function: what its authorizer said, and its caller's API key (value, name)."""
    context = _context(call)
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    if key is not None:
        context["identity"]["apiKey"], context["identity"]["apiKeyId"] = key
    try:
        body, is_base64 = call.request.body.decode() or None, False
    except UnicodeDecodeError:
        body, is_base64 = base64.b64encode(call.request.body).decode(), True
    event = _request(call) | {"requestContext": context, "body": body, "isBase64Encoded": is_base64}
    maps = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "stageVariables")
    return event | {name: event[name] or None for name in maps}


def token(call: Call, value: str) -> dict[str, Any]:
    """Return a TOKEN authorizer's event."""
    return {"type": "TOKEN", "authorizationToken": value, "methodArn": call.arn}


def request(call: Call) -> dict[str, Any]:
    """Return a REST API's REQUEST authorizer's event."""
    return {"type": "REQUEST", "methodArn": call.arn, **_request(call), "requestContext": _context(call)}


def request_1_0(call: Call, shown: Sequence[str]) -> dict[str, Any]:
    """Return an HTTP API's authorizer's event in payload 1.0: a REST API's, and the identity sources as one text."""
    sources = ",".join(shown)
    return {"version": "1.0", "identitySource": sources, "authorizationToken": sources, **request(call)}


def request_2_0(call: Call, shown: Sequence[str]) -> dict[str, Any]:
    """Return an HTTP API's authorizer's event in payload 2.0; what a request does not have is left out."""
    host = call.request.header("Host") or "localhost"
    method = call.request.method
    headers: dict[str, list[str]] = {}
    for name, values in call.headers.items():
        headers.setdefault(name.lower(), []).extend(values)
    cookies = [cookie.strip() for value in headers.pop("cookie", []) for cookie in value.split(";")]
    optional = {
        "cookies": cookies,
        "queryStringParameters": {name: ",".join(values) for name, values in call.parameters_in_query.items()},
        "pathParameters": dict(call.parameters),
    }
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": call.arn,
        "identitySource": list(shown),
        "routeKey": f"{method} {call.resource}",
        "rawPath": call.path,
        "rawQueryString": call.query,
        "headers": {name: ",".join(values) for name, values in headers.items()},
        **{name: value for name, value in optional.items() if value},
        "requestContext": {
            "accountId": call.stage.account,
            "apiId": call.stage.api_id,
            "authentication": None,
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": method,
                "path": call.path,
                "protocol": "HTTP/1.1",
                "sourceIp": call.request.source_ip,
                "userAgent": call.request.header("User-Agent") or "",
            },
            "requestId": call.id,
            "routeKey": f"{method} {call.resource}",
            "stage": call.stage.name,
            "time": call.time_text,
            "timeEpoch": int(call.at * 1000),
        },
    }


def _request(call: Call) -> dict[str, Any]:
    """Return what a proxy event and a REQUEST authorizer's have in common."""
    query = call.parameters_in_query
    return {
        "resource": call.resource,
        "path": call.path,
        "httpMethod": call.request.method,
        "headers": {name: values[-1] for name, values in call.headers.items()},
        "multiValueHeaders": dict(call.headers),
        "queryStringParameters": {name: values[-1] for name, values in query.items()},
        "multiValueQueryStringParameters": dict(query),
        "pathParameters": dict(call.parameters),
        "stageVariables": {},
    }


def _context(call: Call) -> dict[str, Any]:
    host = call.request.header("Host") or "localhost"
    caller = {"sourceIp": call.request.source_ip, "userAgent": call.request.header("User-Agent")}
    return {
        "accountId": call.stage.account,
        "apiId": call.stage.api_id,
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "extendedRequestId": base64.b64encode(call.id.encode()[:12]).decode(),
        "httpMethod": call.request.method,
        "identity": {**dict.fromkeys(_UNKNOWN), **caller},
        "path": call.path,
        "protocol": "HTTP/1.1",
        "requestId": call.id,
        "requestTime": call.time_text,
        "requestTimeEpoch": int(call.at * 1000),
        "resourceId": hashlib.sha256(call.resource.encode()).hexdigest()[:6],
        "resourcePath": call.resource,
        "stage": call.stage.name,
    }
