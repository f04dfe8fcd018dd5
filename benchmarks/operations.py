"""The requests that are measured, as API Gateway's REST API hands them to Lambda (proxy event, payload 1.0)."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from benchmarks import store

Event = dict[str, Any]
Answer = dict[str, Any]
Handler = Callable[[Event, Any], Answer]

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
CALLER = "ada"

_EDITOR = "*:read people:write orders:write notes:write mocks:write"
_PERSON = store.PEOPLE[0]
_BODY: Mapping[str, object] = _PERSON.model_dump(include={"name", "email", "phone", "tags"})
_HEADERS = {
    "accept": "application/json, text/plain, */*",
    "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "en-GB,en;q=0.9,de;q=0.8",
    "authorization": "Bearer 2f1b7c3de94a4f0c8a15d0b6.kq3x7wmd2zlhgnvxa5c4trjbyq3x7wmd2zlhgnvxa5c4",
    "Host": "k3q7wmd2zl.execute-api.eu-central-1.amazonaws.com",
    "origin": "https://console.example.com",
    "referer": "https://console.example.com/",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "cross-site",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "X-Amzn-Trace-Id": "Root=1-68b1f0aa-5e1b4c2f3a6d7e8f90a1b2c3",
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


class Operation(NamedTuple):
    """A request, its status, and the headers that every framework's answer to it carries."""

    name: str
    event: Event
    status: int
    headers: tuple[str, ...]


class Refusal(NamedTuple):
    """A request that is refused with a status from 400 to 499; `by_bare` where even bare code must."""

    name: str
    event: Event
    by_bare: bool = False


class Invocation:
    """Lambda's context, as far as anyone here asks."""

    aws_request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def get_remaining_time_in_millis(self) -> int:
        """Return a constant: reading the clock is Lambda's work."""
        return 29_000


INVOCATION = Invocation()


def _event(
    method: str,
    resource: str,
    *,
    path_parameters: dict[str, str] | None = None,
    query: dict[str, str] | None = None,
    body: object = None,
    headers: Mapping[str, str] = _HEADERS,
    grants: str = _EDITOR,
) -> Event:
    """Return the event of a request; a body is sent as JSON."""
    path = resource.format(**path_parameters or {})
    sent = {**headers, "content-type": "application/json"} if body is not None else dict(headers)
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": query and {name: [value] for name, value in query.items()},
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "2gxmpl",
            "resourcePath": resource,
            "operationName": None,
            "httpMethod": method,
            "extendedRequestId": "JJbxmplHYosFVYQ=",
            "requestTime": "10/Mar/2026:00:03:59 +0000",
            "path": f"/prod{path}",
            "accountId": "123456789012",
            "protocol": "HTTP/1.1",
            "stage": "prod",
            "domainPrefix": "k3q7wmd2zl",
            "requestTimeEpoch": 1773100000000,
            "requestId": REQUEST_ID,
            "identity": {
                "accessKey": None,
                "accountId": None,
                "caller": None,
                "cognitoAuthenticationProvider": None,
                "cognitoAuthenticationType": None,
                "cognitoIdentityId": None,
                "cognitoIdentityPoolId": None,
                "principalOrgId": None,
                "sourceIp": headers["X-Forwarded-For"],
                "user": None,
                "userAgent": headers["User-Agent"],
                "userArn": None,
            },
            "authorizer": {
                "principalId": CALLER,
                "grants": grants,
                "expires": "4102444800",
                "integrationLatency": 12,
            },
            "domainName": headers["Host"],
            "apiId": "k3q7wmd2zl",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


_ONE = {"person_id": _PERSON.id}
_ALWAYS = ("content-type", "access-control-allow-origin", "x-request-id")

OPERATIONS = (
    Operation(
        "get a person", _event("GET", "/people/{person_id}", path_parameters=_ONE), HTTPStatus.OK, (*_ALWAYS, "etag")
    ),
    Operation(
        "create a person", _event("POST", "/people", body=_BODY), HTTPStatus.CREATED, (*_ALWAYS, "etag", "location")
    ),
    Operation("list 20 people", _event("GET", "/people", query={"limit": "20"}), HTTPStatus.OK, _ALWAYS),
)

UNCHANGED = _event(
    "GET", "/people/{person_id}", path_parameters=_ONE, headers={**_HEADERS, "if-none-match": f'"{_PERSON.version}"'}
)
"""Asks for what the client has already."""

FORBIDDEN = _event("POST", "/people", body=_BODY, grants="*:read")
"""Comes from a caller who may not."""

REFUSALS = (
    Refusal("a number for a name", _event("POST", "/people", body={**_BODY, "name": 7}), by_bare=True),
    Refusal("an unknown field", _event("POST", "/people", body={**_BODY, "nick": "Ada"}), by_bare=True),
    Refusal("no email", _event("POST", "/people", body={"name": "Ada"}), by_bare=True),
    Refusal("a limit out of range", _event("GET", "/people", query={"limit": "101"}), by_bare=True),
    Refusal("a limit that is no number", _event("GET", "/people", query={"limit": "x"}), by_bare=True),
    Refusal("an id that is none", _event("GET", "/people/{person_id}", path_parameters={"person_id": "a.b"})),
)
