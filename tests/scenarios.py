"""What happens to a stage: each scenario is run with every fault of every call of AWS that it takes.

A scenario does something until its `yield`, then the stage comes to rest, `tests.invariants` are checked, and the
scenario may check what else it is about. To add one, write `@scenario` above it; an endpoint is a line of `LINES`.
"""

# ruff: noqa: D401 - a scenario's docstring says what becomes of it, as a test's does

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.events import changes, work
from chalicelib.models.documents import DocumentNew
from chalicelib.models.inbox import PartnerEvent
from chalicelib.models.notes import Note
from chalicelib.models.orders import OrderNew
from chalicelib.models.people import PersonNew
from chalicelib.models.principals import PrincipalNew
from chalicelib.models.tokens import TokenNew
from chalicelib.repositories.queue import EVENTS, INBOX
from chalicelib.services.documents import UPLOAD_LIFE
from tests.platform import ADMIN, Platform

Scenario = Callable[[Platform], Iterator[None]]

SCENARIOS: dict[str, Scenario] = {}

ORDER: dict[str, Any] = {"currency": "EUR", "lines": [{"sku": "tea", "quantity": 2, "unit_price": 450}]}
FILE = b"hello world"
DOCUMENT = {"filename": "tea.txt", "content_type": "text/plain", "size": len(FILE)}
EVENT: dict[str, Any] = {"id": "e1", "type": "payment.received", "data": {"amount": 900}}
WORKER = "on_event"


def scenario(function: Scenario) -> Scenario:
    """Enumerate the faults of a scenario."""
    SCENARIOS[function.__name__] = function
    return function


# What there is before


def person(stage: Platform) -> str:
    """Have a person, and return the path."""
    made = stage.arrange.people.create(PersonNew(name="Ada", email="ada@example.com"), once=None, caller=ADMIN)
    return f"/people/{made.entity.id}"


def order(stage: Platform, owner: str = "") -> str:
    """Have an order that nobody was told of yet, and return the path."""
    of = (owner or person(stage)).rpartition("/")[2]
    made = stage.arrange.orders.place(of, OrderNew.model_validate(ORDER), once=None, caller=ADMIN)
    return f"/orders/{made.entity.id}"


def document(stage: Platform) -> str:
    """Have a document that waits for its upload, and return the path."""
    owner = person(stage)
    made = stage.arrange.documents.create(
        owner.rpartition("/")[2], DocumentNew.model_validate(DOCUMENT), once=None, caller=ADMIN
    )
    return f"{owner}/documents/{made.entity.id}"


def stored(stage: Platform) -> str:
    """Have a document that is uploaded, and return the path."""
    path = document(stage)
    event = stage.upload(form(stage, path), FILE)
    stage.asynchronous._due.clear()
    assert stage.arrange.uploads.take(event)["outcome"].endswith("stored")
    return path


def note(stage: Platform) -> str:
    """Have a note, and return the path."""
    made = stage.arrange.resources["notes"].create(Note(title="a"), once=None, caller=ADMIN)
    return f"/api/notes/{made.entity.id}"


def principal(stage: Platform) -> str:
    """Have a principal, and return the path."""
    stage.arrange.principals.put("reader", PrincipalNew(roles=["viewer"]), expected=None, caller=ADMIN)
    return "/access/principals/reader"


def token(stage: Platform) -> str:
    """Have a service token, and return the path."""
    name = principal(stage).rpartition("/")[2]
    body = TokenNew(principal=name, roles=["viewer"])
    return f"/access/tokens/{stage.arrange.tokens.create(body, once=None, caller=ADMIN).entity.id}"


def form(stage: Platform, path: str) -> dict[str, Any]:
    """Return the form of a document that waits for its upload, as its announcement had it."""
    _, _, owner, _, identifier = path.split("/")
    documents = stage.arrange.documents
    found = documents._with_form(documents.get(owner, identifier, caller=ADMIN)).upload
    assert found is not None
    return found.model_dump(mode="json")


def look(stage: Platform, path: str) -> Any:
    """Return what is shown at a path, without a call that could fail."""
    kind, identifier = path.split("/")[-2:]
    if kind == "orders":
        return stage.arrange.orders.get(identifier, caller=ADMIN).model_dump(mode="json")
    return stage.arrange.documents.get(path.split("/")[2], identifier, caller=ADMIN).model_dump(mode="json")


def delete(stage: Platform, path: str) -> None:
    """Delete what is at a path; it may be gone already where the client had to ask again."""
    status = stage("DELETE", path).status
    assert status == 204 or (stage.repeated and status == 404)


def statuses(stage: Platform) -> list[str]:
    """Return the statuses of the orders that are there."""
    return [item["status"] for item in stage.items() if item["type"] == "order" and "deleted" not in item]


@contextmanager
def a_bug(identifier: str) -> Iterator[None]:
    """Have code that can't read a stream's records of one thing, while the block runs."""
    meaning = changes.meaning

    def stumble(record: changes.Record) -> Any:
        if identifier in str(record["dynamodb"]["Keys"]):
            message = "that was not thought of"
            raise KeyError(message)
        return meaning(record)

    changes.meaning = stumble
    try:
        yield
    finally:
        changes.meaning = meaning


@contextmanager
def at_once(count: int) -> Iterator[None]:
    """Remove so many of a deleted person's things with one message, while the block runs."""
    work.AT_ONCE, usual = count, work.AT_ONCE
    try:
        yield
    finally:
        work.AT_ONCE = usual


# Orders


@scenario
def an_order_is_placed(stage: Platform) -> Iterator[None]:
    """It is confirmed by itself."""
    made = stage("POST", f"{person(stage)}/orders", ORDER, Idempotency_Key="k")
    assert made.status == 201
    yield
    assert look(stage, made.headers["Location"])["status"] == "confirmed"
    assert statuses(stage) == ["confirmed"]


@scenario
def an_order_is_placed_twice_with_a_key(stage: Platform) -> Iterator[None]:
    """It is one order, also where the second request comes when it is confirmed."""
    ada = person(stage)
    first = stage("POST", f"{ada}/orders", ORDER, Idempotency_Key="k")
    stage.pump()
    second = stage("POST", f"{ada}/orders", ORDER, Idempotency_Key="k")
    assert (first.status, second.status) == (201, 201)
    assert first.body["id"] == second.body["id"]
    assert second.body["status"] == "confirmed"
    yield
    assert statuses(stage) == ["confirmed"]


@scenario
def an_order_is_cancelled_before_its_confirmation(stage: Platform) -> Iterator[None]:
    """The message comes, and changes nothing."""
    path = order(stage)
    stage.step()
    answer = stage("POST", f"{path}/cancel")
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    yield
    assert statuses(stage) == ["cancelled"]


@scenario
def an_order_is_cancelled_after_its_confirmation(stage: Platform) -> Iterator[None]:
    """It is too late."""
    path = order(stage)
    stage.pump()
    assert stage("POST", f"{path}/cancel").status == 409
    yield
    assert statuses(stage) == ["confirmed"]


@scenario
def an_order_is_cancelled_while_it_is_confirmed(stage: Platform) -> Iterator[None]:
    """Between two attempts of the worker, if there are two: one of both wins, and both know which."""
    path = order(stage)
    answers = []
    stage.meanwhile = lambda: answers.append(stage("POST", f"{path}/cancel"))
    stage.pump()
    stage.meanwhile = None
    answers.append(stage("POST", f"{path}/cancel"))
    yield
    status = look(stage, path)["status"]
    assert [answer.status for answer in answers] == [200 if status == "cancelled" else 409] * len(answers)


@scenario
def an_order_is_pending_too_long(stage: Platform) -> Iterator[None]:
    """It expires, and the message that comes after all changes nothing; one that is young stays for the worker."""
    owner = person(stage)
    for _ in range(3):
        order(stage, owner)
    stage.stopped.add(WORKER)
    stage.clock.now += stage.settings.pending_seconds
    order(stage, owner)
    stage.clock.now += 1
    stage.fire("expire_orders")
    stage.pump()
    stage.stopped.clear()
    yield
    assert sorted(statuses(stage)) == ["confirmed", "expired", "expired", "expired"]


@scenario
def an_order_expires_while_it_is_confirmed(stage: Platform) -> Iterator[None]:
    """Between two attempts of the schedule's, the worker comes: one of both wins."""
    order(stage)
    stage.stopped.add(WORKER)
    stage.step()
    stage.clock.now += stage.settings.pending_seconds + 1
    stage.fire("expire_orders")

    def come() -> None:
        stage.stopped.clear()
        stage.step()

    stage.meanwhile = come
    stage.step()
    stage.meanwhile = None
    stage.stopped.clear()
    yield
    assert statuses(stage) in (["confirmed"], ["expired"])


@scenario
def a_day_is_reported(stage: Platform) -> Iterator[None]:
    """Each order of the day before stands on a line."""
    ids = [order(stage, owner).rpartition("/")[2] for owner in [person(stage)] for _ in range(3)]
    stage.stopped.add(WORKER)
    stage.clock.now += 24 * 60 * 60
    stage.fire("report_orders")
    stage.pump()
    stage.stopped.clear()
    yield
    report = stage.objects()["reports/2026-01-15.jsonl"].decode()
    assert [line.split('"id":"')[1].split('"')[0] for line in report.splitlines()] == ids


# Batches, dead letters


@scenario
def a_batch_of_ten_has_a_poison(stage: Platform) -> Iterator[None]:
    """Nine orders are confirmed, and the poison is dead."""
    owner = person(stage)
    for _ in range(9):
        order(stage, owner)
    stage.send(EVENTS, "{}")
    stage.poison = {"{}"}
    yield
    assert statuses(stage) == ["confirmed"] * 9


@scenario
def a_delivery_is_poison(stage: Platform) -> Iterator[None]:
    """It is dead, the other one is kept."""
    stage.send(INBOX, '{"sender": "p"}')
    stage.poison = {'{"sender": "p"}'}
    assert stage("POST", "/inbox", EVENT).status == 202
    yield
    assert len(stage.arrange.inbox.page(limit=10, after=None).items) == 1


@scenario
def a_change_can_not_be_read(stage: Platform) -> Iterator[None]:
    """It is parked and those behind it go on; redriven after the fix, its order is confirmed too."""
    owner = person(stage)
    first, second = order(stage, owner), order(stage, owner)
    with a_bug(first.rpartition("/")[2]):
        stage.pump()
        assert look(stage, first)["status"] == "pending"
        assert look(stage, second)["status"] == "confirmed"
        assert "KeyError: 'that was not thought of'" in {
            letter.message_attributes["error"]["StringValue"] for letter in stage.dead(EVENTS)
        }
    stage.redrive(EVENTS)
    yield
    assert statuses(stage) == ["confirmed", "confirmed"]


# Documents


@scenario
def a_document_is_announced_and_uploaded(stage: Platform) -> Iterator[None]:
    """It is stored, with its real size and checksum, and can be downloaded."""
    made = stage("POST", f"{person(stage)}/documents", DOCUMENT, Idempotency_Key="k")
    assert made.status == 201
    stage.upload(made.body["upload"], FILE)
    stage.pump()
    path = made.headers["Location"]
    found = stage("GET", path)
    yield
    assert (found.status, found.body["status"], found.body["size"]) == (200, "stored", len(FILE))
    assert found.body["download"] is not None
    assert look(stage, path)["md5"] == "5eb63bbbe01eeed093cb22bb8f5acdc3"


@scenario
def a_document_is_uploaded_twice(stage: Platform) -> Iterator[None]:
    """The first that is told of is the one, and the other goes."""
    path = document(stage)
    early = stage.upload(form(stage, path), FILE)
    stage.asynchronous._due.clear()
    stage.upload(form(stage, path), b"HELLO WORLD")
    stage.pump()
    stage.put(early)
    yield
    assert look(stage, path)["md5"] == "361fadf1c712e812d198c4cab5712a79"


@scenario
def a_document_is_deleted(stage: Platform) -> Iterator[None]:
    """Its object goes too."""
    delete(stage, stored(stage))
    yield
    assert stage.objects() == {}


@scenario
def a_document_is_deleted_before_its_upload_is_told(stage: Platform) -> Iterator[None]:
    """The object goes when it is told."""
    path = document(stage)
    had = form(stage, path)
    delete(stage, path)
    stage.pump()
    stage.upload(had, FILE)
    yield
    assert stage.objects() == {}


@scenario
def a_document_is_deleted_while_its_upload_is_told(stage: Platform) -> Iterator[None]:
    """Whichever comes first, neither document nor object is left."""
    path = document(stage)
    stage.upload(form(stage, path), FILE)
    answers = []
    stage.meanwhile = lambda: answers.append(stage("DELETE", path).status)
    stage.pump()
    stage.meanwhile = None
    answers.append(stage("DELETE", path).status)
    yield
    assert set(answers) <= {204, 404}
    assert stage.objects() == {}


@scenario
def a_document_is_never_uploaded(stage: Platform) -> Iterator[None]:
    """It goes by its TTL; an upload that is told later goes too."""
    path = document(stage)
    had = form(stage, path)
    stage.clock.now += UPLOAD_LIFE.total_seconds() + 1
    stage.expire_items()
    stage.pump()
    stage.upload(had, FILE)
    yield
    assert stage.objects() == {}
    assert [item for item in stage.items() if item["type"] == "document"] == []


@scenario
def a_person_is_deleted_who_has_things(stage: Platform) -> Iterator[None]:
    """Orders, documents and objects go with them."""
    path = stored(stage)
    owner = path.rpartition("/documents/")[0]
    order(stage, owner)
    order(stage, owner)
    delete(stage, owner)
    yield
    assert [item for item in stage.items() if "person_id" in item and "deleted" not in item] == []
    assert stage.objects() == {}


@scenario
def a_person_is_deleted_who_has_much(stage: Platform) -> Iterator[None]:
    """It goes one after the other."""
    owner = person(stage)
    for _ in range(3):
        order(stage, owner)
    with at_once(1):
        delete(stage, owner)
        stage.pump()
    yield
    assert statuses(stage) == []


# The inbox


@scenario
def an_event_comes_twice(stage: Platform) -> Iterator[None]:
    """It is kept once."""
    for _ in range(2):
        assert stage("POST", "/inbox", EVENT).status == 202
        stage.pump()
    yield
    [kept] = stage.arrange.inbox.page(limit=10, after=None).items
    assert (kept.sender, kept.event_id, kept.data) == ("alice", "e1", {"amount": 900})


@scenario
def ten_events_come_at_once(stage: Platform) -> Iterator[None]:
    """Each is kept once."""
    for number in range(10):
        event = PartnerEvent.model_validate({**EVENT, "id": f"e{number}"})
        stage.arrange.inbox.take(event, caller=ADMIN)
    yield
    assert len(stage.arrange.inbox.page(limit=20, after=None).items) == 10


# The authorizer


@scenario
def somebody_calls(stage: Platform) -> Iterator[None]:
    """The authorizer's own calls may fail too; the caller is who they are."""
    stage.tap_gate()
    answer = stage("GET", "/me")
    assert (answer.status, answer.body["principal"]) == (200, "alice")
    yield


# Endpoints: after the faults the table has what it has without them

FIXTURES: dict[str, Callable[[Platform], str]] = {
    "{person}": person, "{order}": order, "{document}": document, "{stored}": stored, "{note}": note,
    "{principal}": principal, "{token}": token,
}  # fmt: skip
KEY = {"Idempotency_Key": "k"}
FIRST = {"If_Match": '"1"'}
PERSON = {"name": "Grace", "email": "grace@example.com"}
LINES: list[tuple[str, str, Any, dict[str, str], tuple[int, ...]]] = [
    # The status; then those that a request may have which the client had to repeat, since an answer was lost.
    ("POST", "/people", PERSON, {}, (201, 409)),
    ("POST", "/people", PERSON, KEY, (201,)),
    ("GET", "/people", None, {}, (200,)),
    ("GET", "{person}", None, {}, (200,)),
    ("PUT", "{person}", PERSON, {}, (200,)),
    ("PUT", "{person}", PERSON, FIRST, (200, 412)),
    ("PATCH", "{person}", {"name": "B"}, {}, (200,)),
    ("PATCH", "{person}", {"name": "B"}, FIRST, (200, 412)),
    ("PATCH", "{person}", {"email": "b@example.com"}, {}, (200,)),
    ("DELETE", "{person}", None, {}, (204, 404)),
    ("GET", "{person}/orders", None, {}, (200,)),
    ("GET", "{order}", None, {}, (200,)),
    ("POST", "{order}/cancel", None, {}, (200,)),
    ("POST", "{order}/cancel", None, FIRST, (200, 412)),
    ("GET", "{person}/documents", None, {}, (200,)),
    ("GET", "{document}", None, {}, (200,)),
    ("DELETE", "{stored}", None, {"If_Match": '"2"'}, (204, 404)),
    ("POST", "/api/notes", {"title": "a"}, KEY, (201,)),
    ("GET", "/api/notes", None, {}, (200,)),
    ("PUT", "{note}", {"title": "b"}, {}, (200,)),
    ("PATCH", "{note}", {"title": "b"}, FIRST, (200, 412)),
    ("DELETE", "{note}", None, {}, (204, 404)),
    ("GET", "/inbox", None, {}, (200,)),
    ("PUT", "{principal}", {"roles": ["admin"]}, {}, (200,)),
    ("PUT", "/access/principals/eve", {"grants": ["a:b"]}, {}, (200,)),
    ("DELETE", "{principal}", None, {}, (204, 404)),
    ("GET", "/access/principals", None, {}, (200,)),
    ("PUT", "/access/roles/helper", {"permissions": ["notes:read"]}, {}, (200,)),
    ("DELETE", "/access/roles/editor", None, {}, (204, 404)),
    ("POST", "/access/tokens", {"principal": "{principal}", "roles": ["viewer"]}, KEY, (201,)),
    ("DELETE", "{token}", None, {}, (204, 404)),
    ("GET", "/access/audit", None, {}, (200,)),
]


def _endpoint(method: str, path: str, body: Any, headers: dict[str, str], expected: tuple[int, ...]) -> Scenario:
    def request(stage: Platform) -> Iterator[None]:
        real_path, real_body = path, json.dumps(body)
        for name, fixture in FIXTURES.items():
            if name in path + real_body:
                found = fixture(stage)
                real_path = real_path.replace(name, found)
                real_body = real_body.replace(name, found.rpartition("/")[2])
        with stage.untapped():
            stage.step()  # what the stream tells of it is in the queue
        answer = stage(method, real_path, json.loads(real_body), **headers)
        assert answer.status in (expected if stage.repeated else expected[:1])
        yield

    return request


def shape(stage: Platform) -> dict[str, Any]:
    """Return what is in the table, but for what differs from run to run: times, versions, secrets, the audit.

    Ids that nobody chose are numbered anew: a request that was repeated may have used up some.
    """
    found = {f"{item['pk']} {item['type']}": _lasting(item) for item in stage.items() if item["type"] != "audit entry"}
    text = json.dumps(found)
    for number, identifier in enumerate(sorted(set(re.findall(r"id\d{22}", text)))):
        text = text.replace(identifier, f"id-{number}")
    shown: dict[str, Any] = json.loads(text)
    return shown


def _lasting(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: _lasting(each)
        for name, each in value.items()
        if name not in _PASSING and not name.endswith(("_at", "_since", "sk"))
    }


_PASSING = {"write_id", "version", "ttl", "secret_hash", "object_key"}
ENDPOINTS = {" ".join([line[0], line[1], *line[3]]): _endpoint(*line) for line in LINES}
SCENARIOS |= ENDPOINTS
