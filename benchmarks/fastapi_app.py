"""FastAPI behind Mangum, as its documentation would have it fast.

Coroutines, so that nothing goes to a thread; a return type, so that pydantic writes the JSON; middleware in plain
ASGI; no lifespan; no documentation routes to match first.
"""

import time
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Path, Query, Request, Response
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware
from mangum import Mangum
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from benchmarks import store
from benchmarks.observation import Observer
from benchmarks.operations import Handler
from chalicelib.models.fields import Id
from chalicelib.models.people import PersonNew, PersonView
from chalicelib.models.permissions import Reach, parse
from chalicelib.web import etags
from chalicelib.web.pages import Page, Paging

_PEOPLE = Page[PersonView]


class _RequestId:
    """Middleware that puts the gateway's request id on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = scope["aws.event"]["requestContext"]["requestId"].encode()

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", request_id))
            await send(message)

        await self._app(scope, receive, named)


class _Observation:
    """Middleware that reports every request."""

    def __init__(self, app: ASGIApp, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, noted)
        seconds = time.perf_counter() - started
        self._observer.report(scope["aws.event"]["requestContext"], status=status, seconds=seconds)


@cache
def handler(*, telemetry: bool) -> Handler:
    """Return the Lambda function."""
    middleware = [
        Middleware(_RequestId),
        Middleware(
            CORSMiddleware,
            allow_origins=["*"],
            allow_methods=["*"],
            allow_headers=["If-Match", "If-None-Match", "Idempotency-Key"],
            expose_headers=["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id"],
            max_age=600,
        ),
    ]
    if telemetry:
        middleware.insert(0, Middleware(_Observation, observer=Observer("fastapi")))
    app = FastAPI(middleware=middleware, openapi_url=None)
    reads, writes = [_needs("people:read")], [_needs("people:write")]
    app.add_api_route("/people", _list_people, methods=["GET"], dependencies=reads)
    app.add_api_route("/people", _add_person, methods=["POST"], dependencies=writes, status_code=HTTPStatus.CREATED)
    app.add_api_route(
        "/people/{person_id}", _get_person, methods=["GET"], dependencies=reads, response_model=PersonView
    )
    function: Handler = Mangum(app, lifespan="off")
    return function


def _needs(permission: str) -> Any:  # noqa: ANN401 - FastAPI's own type for it is private
    """Return the dependency that only callers with the permission meet."""

    async def check(request: Request) -> None:
        authorizer = request.scope["aws.event"]["requestContext"]["authorizer"]
        if parse(authorizer["grants"]).reach(permission) is not Reach.ANY:
            raise HTTPException(HTTPStatus.FORBIDDEN)

    return Depends(check)


async def _list_people(query: Annotated[Paging, Query()]) -> Page[PersonView]:
    return _PEOPLE.of(store.page(query.limit))


async def _add_person(body: PersonNew, response: Response) -> PersonView:  # noqa: ARG001 - the store knows it
    person = store.create()
    response.headers["ETag"] = etags.of_version(person.version)
    response.headers["Location"] = f"/people/{person.id}"
    return person


async def _get_person(person_id: Annotated[Id, Path()], request: Request, response: Response) -> PersonView | Response:
    person = store.get(person_id)
    etag = etags.of_version(person.version)
    known = request.headers.get("if-none-match")
    if known is not None and etags.matches(known, etag):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    response.headers["ETag"] = etag
    return person
