"""No framework: JSON in, pydantic, JSON out, and nothing else of what an API needs. What the others are measured by."""

import json
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import TypeAdapter, ValidationError

from benchmarks import store
from benchmarks.observation import observed
from benchmarks.operations import Answer, Event, Handler
from chalicelib.models.people import PersonNew, PersonView
from chalicelib.web.pages import Page, Paging

_PEOPLE = Page[PersonView]
_PERSON = TypeAdapter(PersonView)


@cache
def handler(*, telemetry: bool) -> Handler:
    """Return the Lambda function."""
    return observed(_answer, "bare") if telemetry else _answer


def _answer(event: Event, _: Any) -> Answer:  # noqa: ANN401 - Lambda's context
    operation = _OPERATIONS[event["httpMethod"], event["resource"]]
    try:
        status, content = operation(event)
    except ValidationError as error:
        status, content = HTTPStatus.BAD_REQUEST, {"detail": str(error)}
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(content)}


def _list_people(event: Event) -> tuple[int, Any]:
    query = Paging.model_validate(event["queryStringParameters"] or {})
    return 200, _PEOPLE.of(store.page(query.limit)).model_dump(mode="json")


def _add_person(event: Event) -> tuple[int, Any]:
    PersonNew.model_validate(json.loads(event["body"]))
    return 201, _person(store.create())


def _get_person(event: Event) -> tuple[int, Any]:
    return 200, _person(store.get(event["pathParameters"]["person_id"]))


def _person(person: PersonView) -> Any:  # noqa: ANN401 - a JSON object
    return _PERSON.dump_python(person, mode="json")  # its own model_dump would show more than a PersonView has


_OPERATIONS = {
    ("GET", "/people"): _list_people,
    ("POST", "/people"): _add_person,
    ("GET", "/people/{person_id}"): _get_person,
}
