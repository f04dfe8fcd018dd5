"""Whether a stage that was just deployed answers: what is public, and that what is not is closed."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from grail.errors import GrailError

_TIMEOUT_SECONDS = 30
"""API Gateway answers within 29."""
_WAITS = (1, 2, 4, 8)
"""Seconds before each further try: a gateway's deployment is not seen everywhere at once."""

Sleep = Callable[[float], object]


class Answer(NamedTuple):
    """What was answered; the body as text."""

    status: int
    type: str
    body: str


Fetch = Callable[[str], Answer]


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Take a redirect as the answer: it is none that was asked for."""


def fetch(url: str) -> Answer:
    """Return what a GET without credentials is answered. Raises GrailError where nobody answers."""
    opener: OpenerDirector = build_opener(_NoRedirects)
    try:
        with opener.open(Request(url, headers={"Accept": "application/json"}), timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the verb takes http and https only
            return Answer(answer.status, answer.headers.get_content_type(), answer.read().decode("utf-8", "replace"))
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers.get_content_type(), error.read().decode("utf-8", "replace"))
    except (URLError, HTTPException, OSError) as error:
        message = f"{url}: {getattr(error, 'reason', error)}"
        raise GrailError(message) from error


def check(url: str, *, fetch: Fetch = fetch, sleep: Sleep = time.sleep) -> Iterator[str]:
    """Yield what was found right, in plain words. Raises GrailError for the first thing that stays wrong.

    It asks for `/health`, `/openapi.json`, and the first operation of that document that wants a credential.
    """
    base = url.rstrip("/")
    _expect(f"{base}/health", 200, fetch=fetch, sleep=sleep)
    yield "/health answers 200"
    described = _expect(f"{base}/openapi.json", 200, fetch=fetch, sleep=sleep)
    document = _object(described, f"{base}/openapi.json")
    if "openapi" not in document:
        message = f"{base}/openapi.json is no OpenAPI document"
        raise GrailError(message)
    yield f"/openapi.json is OpenAPI {document['openapi']}"
    closed = next(_closed(document), None)
    if closed is None:
        yield "no GET without parameters wants a credential, so none was tried"
        return
    _expect(f"{base}{closed}", 401, fetch=fetch, sleep=sleep)
    yield f"{closed} answers 401 without a credential"


def _expect(url: str, status: int, *, fetch: Fetch, sleep: Sleep) -> Answer:
    """Return the answer once it has the status. Raises GrailError with what the last try was answered."""
    said = ""
    for wait in (0, *_WAITS):
        if wait:
            print(f"  {said}; again in {wait} s", file=sys.stderr)
            sleep(wait)
        try:
            answer = fetch(url)
        except GrailError as error:
            said = str(error)
            continue
        if answer.status == status:
            return answer
        said = f"{url} answered {answer.status}, not {status}"
    raise GrailError(said)


def _object(answer: Answer, url: str) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        message = f"{url} is not JSON"
        raise GrailError(message) from error
    if not isinstance(found, dict):
        message = f"{url} is not a JSON object"
        raise GrailError(message)
    return found


def _closed(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the paths whose GET wants a credential and can be asked for as it stands."""
    everywhere = document.get("security")
    for path, operations in document.get("paths", {}).items():
        if "get" in operations and "{" not in path and operations["get"].get("security", everywhere):
            yield path
