"""The API page in a real browser, against the real `chalice local`.

The browser knows the server by a name that is no loopback name: Swagger UI leaves some things out on localhost, such as
the badge that an outside validator draws. No other name resolves, so nothing leaves this machine.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    Route,
    expect,
    sync_playwright,
)

from tests.system.conftest import Served

_HOST = "docs.test"
_PROGRAMS = ("chromium", "google-chrome")
"""As `make browser` looks for them."""
_ARGUMENTS = [
    f"--host-resolver-rules=MAP {_HOST} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-sandbox",  # it refuses to start as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE = 120_000
"""Milliseconds to wait for anything, on a busy machine."""


class Docs:
    """The API page in a browser's tab, and what went on in that tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)

    def open(self, path: str = "/docs") -> Response:
        """Load the page, and wait until it shows the operations."""
        response = self.page.goto(f"{self.url}{path}")
        assert response is not None
        self.page.locator(".opblock").first.wait_for()
        return response

    def authorize(self, token: str) -> None:
        """Hand the page a token, as a user does."""
        self.page.get_by_role("button", name="Authorize", exact=True).click()
        dialog = self.page.locator(".dialog-ux")
        dialog.get_by_label("auth-bearer-value").fill(token)
        dialog.get_by_role("button", name="Apply credentials").first.click()
        dialog.get_by_text("Authorized", exact=True).wait_for()
        dialog.locator(".btn-done").first.click()

    @contextmanager
    def unfolded(self, operation: str) -> Iterator["Operation"]:
        """Unfold an operation while the block runs; with many of them unfolded the page gets slow."""
        box = self.page.locator(f".opblock[id$='-{operation}']")
        summary = box.locator(".opblock-summary-control")
        summary.click()
        yield Operation(box)
        summary.click()

    def execute(self, operation: str, **parameters: str) -> Response:
        """Execute an operation as the page suggests it, with these parameters filled in."""
        with self.unfolded(operation) as box:
            return box.execute(**parameters)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.foreign.append(request.url)


class Operation:
    """An unfolded operation: how to try it, and the answer that it shows."""

    def __init__(self, box: Locator) -> None:
        self._box = box
        self._answer = box.locator(".live-responses-table")

    def execute(self, **parameters: str) -> Response:
        """Press Execute, and wait until the answer is shown."""
        for name, value in parameters.items():
            self._box.locator(f"tr[data-param-name='{name}'] input").fill(value)
        with self._box.page.expect_response(lambda response: response.request.resource_type == "fetch") as answered:
            self._box.get_by_role("button", name="Execute").click()
        expect(self._answer).to_contain_text(answered.value.headers["x-request-id"], timeout=_PATIENCE)
        return answered.value

    def shown(self) -> tuple[str, Any]:
        """Return the status and the body that the page shows."""
        status = self._answer.locator(".response .response-col_status").inner_text()
        return status.split()[0], json.loads(self._answer.locator(".highlight-code pre").inner_text())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser."""
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        pytest.fail(f"there is no {' or '.join(_PROGRAMS)} on the PATH; `make browser` installs one", pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield started
        finally:
            started.close()


@pytest.fixture
def docs(browser: Browser, served: Served) -> Iterator[Docs]:
    """Open a tab that remembers nothing of the tests before."""
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        context.set_default_timeout(_PATIENCE)
        yield Docs(context.new_page(), f"http://{_HOST}:{urlsplit(served.url).port}")


def test_shows_every_operation(docs: Docs) -> None:
    """The page shows what the OpenAPI document has, with no error in the console and no request to another host."""
    with docs.page.expect_response("**/openapi.json") as answered:
        docs.open()
    shown = [
        (row.locator(".opblock-summary-method").inner_text(), row.locator("[data-path]").get_attribute("data-path"))
        for row in docs.page.locator(".opblock").all()
    ]
    paths = answered.value.json()["paths"]
    assert sorted(shown) == sorted((method.upper(), path) for path, methods in paths.items() for method in methods)
    assert docs.complaints == []
    assert docs.foreign == []


def test_lets_nothing_else_in_or_out(docs: Docs) -> None:
    """A script that got into the page does not run, the page reaches no other host, and no site can frame it."""
    policy = docs.open().headers["content-security-policy"]
    docs.page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'hit = 1'}))")
    assert docs.page.evaluate("typeof hit") == "undefined"
    docs.page.evaluate("fetch('https://elsewhere.test/').catch(() => null)")
    assert any("elsewhere.test" in complaint and "connect-src" in complaint for complaint in docs.complaints)
    assert "frame-ancestors 'none'" in policy


def test_keeps_the_token(docs: Docs, served: Served) -> None:
    """Given the token alone, the page sends it as a bearer token, also after a reload, and shows what it gets."""
    docs.open()
    docs.authorize(served.token)
    docs.open()
    with docs.unfolded("list_people") as operation:
        response = operation.execute()
        assert response.request.headers["authorization"] == f"Bearer {served.token}"
        assert operation.shown() == ("200", response.json())
    assert response.json().keys() == {"items", "next"}
    assert docs.complaints == []
    assert docs.foreign == []


@pytest.mark.parametrize(
    ("operations", "parameter"),
    [
        (["add_person", "get_person", "change_person", "delete_person"], "person_id"),
        (["create_notes", "get_notes", "change_notes", "delete_notes"], "item_id"),
        (["create_mocks", "get_mocks", "change_mocks", "delete_mocks"], "item_id"),
    ],
    ids=["people", "notes", "mocks"],
)
def test_suggestions_work(docs: Docs, served: Served, operations: list[str], parameter: str) -> None:
    """What the page fills in for an operation works as it stands; only the id has to be given."""
    docs.open()
    docs.authorize(served.token)
    create, *others = operations
    created = docs.execute(create)
    assert created.status == 201, created.text()
    item = {parameter: created.json()["id"]}
    assert [docs.execute(operation, **item).status for operation in others] == [200, 200, 204]
    assert docs.complaints == []


def test_suggested_order_works(docs: Docs, served: Served) -> None:
    """The order that the page fills in can be placed, and cancelled unless it has confirmed itself by then."""
    people = docs.page.request.get(f"{served.url}/people", headers={"Authorization": f"Bearer {served.token}"})
    docs.open()
    docs.authorize(served.token)
    placed = docs.execute("place_order", person_id=people.json()["items"][0]["id"])
    assert placed.status == 201, placed.text()
    cancelled = docs.execute("cancel_order", order_id=placed.json()["id"])
    assert cancelled.status in {200, 409}, cancelled.text()


def test_executing_again_makes_another(docs: Docs, served: Served) -> None:
    """The page sends no Idempotency-Key of its own, under which the second request would only be a replay."""
    docs.open()
    docs.authorize(served.token)
    with docs.unfolded("create_mocks") as operation:
        first, second = operation.execute().json(), operation.execute().json()
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("operation", "parameters", "status", "kind"),
    [
        ("get_person", {"person_id": "nobody"}, 404, "not-found"),
        ("list_people", {"cursor": "made-up"}, 400, "invalid-request"),
    ],
)
def test_shows_problems(
    docs: Docs, served: Served, operation: str, parameters: dict[str, str], status: int, kind: str
) -> None:
    """An error of the app is shown with its status and its problem document."""
    docs.open()
    docs.authorize(served.token)
    _assert_problem(docs, operation, parameters, status, kind)


def test_shows_what_lacks_a_token(docs: Docs) -> None:
    """Without a token, the gateway's refusal is shown with its status and its problem document."""
    docs.open()
    _assert_problem(docs, "list_people", {}, 401, "unauthenticated")


def _assert_problem(docs: Docs, operation: str, parameters: dict[str, str], status: int, kind: str) -> None:
    with docs.unfolded(operation) as box:
        response = box.execute(**parameters)
        assert box.shown() == (str(status), response.json())
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:problem-type:{kind}"


def test_works_behind_a_prefix(docs: Docs, served: Served) -> None:
    """Behind a stage's name in the path, the page finds its files, the document and the API."""

    def stage(route: Route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace(f"{docs.url}/dev", served.url)))

    docs.page.route(f"{docs.url}/dev/**", stage)
    docs.open("/dev/docs")
    response = docs.execute("get_health")
    assert (response.url, response.status) == (f"{docs.url}/dev/health", 200)
    assert docs.complaints == []


def test_links_to_an_operation(docs: Docs) -> None:
    """A link that names an operation opens it."""
    docs.open("/docs#/people/add_person")
    expect(docs.page.locator(".opblock.is-open")).to_have_id("operations-people-add_person", timeout=_PATIENCE)
