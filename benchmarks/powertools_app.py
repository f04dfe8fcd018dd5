"""Powertools' event handler, validating, as its documentation would have it fast.

What is the same for every route stands in the Lambda function or a plain call, not in middleware, which costs a frame
per request.
"""

from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import ForbiddenError
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from benchmarks import store
from benchmarks.observation import observed
from benchmarks.operations import Answer, Event, Handler
from chalicelib.models.fields import Id
from chalicelib.models.people import PersonNew, PersonView
from chalicelib.models.permissions import Reach, parse
from chalicelib.web import etags
from chalicelib.web.pages import Page, Paging

_JSON = "application/json"
_PEOPLE = Page[PersonView]
_CORS = CORSConfig(
    allow_headers=["If-Match", "If-None-Match", "Idempotency-Key"],
    expose_headers=["ETag", "Location", "Idempotent-Replayed", "Retry-After", "X-Request-Id"],
    max_age=600,
)
_app = APIGatewayRestResolver(enable_validation=True, cors=_CORS)


@cache
def handler(*, telemetry: bool) -> Handler:
    """Return the Lambda function."""
    return observed(_answer, "powertools") if telemetry else _answer


def _answer(event: Event, context: Any) -> Answer:  # noqa: ANN401 - Lambda's context
    answer = _app.resolve(event, context)
    answer["multiValueHeaders"]["X-Request-Id"] = [event["requestContext"]["requestId"]]
    return answer


def _check(permission: str) -> None:
    authorizer = _app.current_event.raw_event["requestContext"]["authorizer"]
    if parse(authorizer["grants"]).reach(permission) is not Reach.ANY:
        message = f"This needs the permission {permission}."
        raise ForbiddenError(message)


@_app.get("/people")
def _list_people(query: Annotated[Paging, Query()]) -> Page[PersonView]:
    _check("people:read")
    return _PEOPLE.of(store.page(query.limit))


@_app.post("/people")
def _add_person(body: PersonNew) -> Response[PersonView]:  # noqa: ARG001 - the store knows it
    _check("people:write")
    person = store.create()
    headers = {"ETag": etags.of_version(person.version), "Location": f"/people/{person.id}"}
    return Response(HTTPStatus.CREATED, _JSON, person, headers)


@_app.get("/people/<person_id>")
def _get_person(person_id: Annotated[Id, Path()]) -> Response[PersonView | None]:  # a 304 is validated too
    _check("people:read")
    person = store.get(person_id)
    etag = etags.of_version(person.version)
    known = _app.current_event.headers.get("if-none-match")
    if known is not None and etags.matches(known, etag):
        return Response(HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    return Response(HTTPStatus.OK, _JSON, person, {"ETag": etag})
