"""The API of a stage that is deployed directly: one, whoever lost which record of it."""

from collections.abc import Iterable, Iterator
from typing import Any

from grail.deploy import clients, functions
from grail.deploy.state import Record
from grail.errors import GrailError


def find(saved: Iterable[Record], *, name: str, handler: str) -> str | None:
    """Return the id of the API: of a record, of that which may call the handler, or of the one with the name.

    Raises GrailError where several have the name.
    """
    client = clients.of("apigateway")
    for api in (*(str(record["rest_api_id"]) for record in saved if "rest_api_id" in record), *_callers(handler)):
        if clients.exists(lambda api=api: client.get_rest_api(restApiId=api)):  # type: ignore[misc]
            return api
    pages = client.get_paginator("get_rest_apis").paginate()
    named = [api["id"] for page in pages for api in page["items"] if api["name"] == name]
    if len(named) > 1:
        message = f"there are several APIs named {name}: {', '.join(named)}; delete all but one"
        raise GrailError(message)
    return named[0] if named else None


def make(name: str, *, endpoint: str) -> str:
    """Make an empty API, which Chalice then finds: it would make a second one where its record was lost."""
    types: Any = [endpoint]
    made = clients.of("apigateway").create_rest_api(name=name, endpointConfiguration={"types": types})
    return str(made["id"])


def _callers(handler: str) -> Iterator[str]:
    """Yield the APIs that may call a function."""
    for statement in functions.statements(handler):
        source = str(statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn", ""))
        if ":execute-api:" in source:
            yield source.split(":")[5].partition("/")[0]
