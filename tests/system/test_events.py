"""Events on the served API: `chalice local`, its embedded AWS, and the handlers in the app's own process."""

import json
import random
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from chalicelib.settings import APP
from grail.localcloud import services
from grail.project import Project
from tests.conftest import PROVE
from tests.system.conftest import PATIENCE, ROOT, Served, environment, eventually
from tests.system.test_local import call

ORDER = {"currency": "EUR", "lines": [{"sku": "tea", "quantity": 2, "unit_price": 450}]}


def person(served: Served) -> str:
    """Return the path of a new person."""
    email = f"p{random.getrandbits(60)}@example.com"
    return f"/people/{call(served, 'POST', '/people', {'name': 'Ada', 'email': email})[1]['id']}"


def status(served: Served, order: str) -> Any:
    """Return an order's status."""
    return call(served, "GET", f"/orders/{order}")[1].get("status")


def test_an_order_confirms_itself(served: Served) -> None:
    """From the table's stream over the queue to the worker, and the log says so."""
    order = call(served, "POST", f"{person(served)}/orders", ORDER)[1]["id"]
    eventually("the order is confirmed", lambda: status(served, order) == "confirmed")
    eventually("the log says so", lambda: f"order {order} confirmed" in served.printed())


def send(url: str, fields: dict[str, str], content: bytes) -> int:
    """Send a form with a file, as a browser does; return the status."""
    boundary = "----a-boundary"
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    parts.append(b'Content-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + content)
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    body += f"--{boundary}--\r\n".encode()
    request = urllib.request.Request(url, body, {"Content-Type": f"multipart/form-data; boundary={boundary}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_document_goes_up_and_down(served: Served) -> None:
    """By the form, and nothing but what was announced; then by the link; and it goes with its document."""
    owner = person(served)
    content = b"Tea, please"
    new = {"filename": "tea & more.txt", "content_type": "text/plain", "size": len(content)}
    announced = call(served, "POST", f"{owner}/documents", new)[1]
    upload, path = announced["upload"], f"{owner}/documents/{announced['id']}"
    assert send(upload["url"], upload["fields"], content + b"!") == 400
    assert send(upload["url"], upload["fields"] | {"Content-Type": "text/html"}, content) == 403
    assert call(served, "GET", path)[1]["status"] == "awaiting_upload"
    assert send(upload["url"], upload["fields"], content) == 204
    eventually("the document is stored", lambda: call(served, "GET", path)[1]["status"] == "stored")
    link = call(served, "GET", path)[1]["download"]["url"]
    with urllib.request.urlopen(link, timeout=PATIENCE) as answer:
        assert answer.read() == content
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''tea%20%26%20more.txt"
    assert call(served, "DELETE", path)[0] == 204
    eventually("the object is gone", lambda: not downloads(link))


def downloads(link: str) -> bool:
    """Tell whether anything is at a link."""
    try:
        with urllib.request.urlopen(link, timeout=PATIENCE):
            return True
    except urllib.error.HTTPError:
        return False


def test_a_partners_event_is_kept_once(served: Served) -> None:
    """However often it is sent; and not at all without an API key."""
    event = {"id": f"e{random.getrandbits(60)}", "type": "payment.received", "data": {"amount": 900}}
    assert call(served, "POST", "/inbox", event)[0] == 403
    for _ in range(3):
        headers = {
            "Authorization": f"Bearer {served.token}",
            "Content-Type": "application/json",
            "x-api-key": served.key,
        }
        request = urllib.request.Request(f"{served.url}/inbox", json.dumps(event).encode(), headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.status == 202
    eventually("it is kept", lambda: kept(served, event["id"]) == 1)
    eventually("all three were looked at", lambda: served.printed().count("there already") >= 2)
    assert kept(served, event["id"]) == 1


def kept(served: Served, event_id: object) -> int:
    """Return how often a partner's event is in the inbox."""
    items = call(served, "GET", "/inbox?limit=100")[1]["items"]
    return sum(item["event_id"] == event_id for item in items)


def test_a_schedule_can_be_fired(served: Served) -> None:
    """It runs in the app's process, and tells what it did."""
    command = [sys.executable, "-m", "grail", "fire", "report_orders"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["key"].startswith("reports/")
    assert served.process.poll() is None


@pytest.fixture
def queue(served: Served) -> Any:
    """Return the queue of events of the embedded AWS behind the served API."""
    [embedded] = [found for found in services._running(Project(ROOT)) if found.owner == served.process.pid]
    session = boto3.Session("testing", "testing", region_name=services.REGION)
    return session.resource("sqs", endpoint_url=embedded.url).get_queue_by_name(QueueName=f"{APP}-dev-events")


def test_whatever_fifty_do_at_once_has_an_order(served: Served, queue: Any) -> None:
    """Orders are placed, cancelled and told of again and again, from fifty threads, while the worker confirms them.

    Each order ends in one state, which explains every answer that was given: a cancellation was done exactly if the
    order is cancelled, and one step was made from pending, never two.
    """
    rounds = 400 if PROVE else 100
    owner = person(served)
    placed: list[str] = []
    answers: list[tuple[str, int]] = []

    def act(number: int) -> None:
        chooser = random.Random(number)
        if number % 4 == 0 or not placed:
            code, made = call(served, "POST", f"{owner}/orders", ORDER)
            assert code == 201
            placed.append(made["id"])
            return
        order = chooser.choice(placed[-8:])
        if number % 4 == 1:
            queue.send_message(MessageBody=json.dumps({"type": "order.placed", "order_id": order}))
            return
        answers.append((order, call(served, "POST", f"/orders/{order}/cancel")[0]))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(act, range(rounds)))
    eventually("no order is pending", lambda: {status(served, order) for order in placed} <= {"confirmed", "cancelled"})
    found = {order: call(served, "GET", f"/orders/{order}")[1]["status"] for order in placed}
    for order, code in answers:
        assert code == {"cancelled": 200, "confirmed": 409}[found[order]], (order, code)
    told = Counter(order for order in placed for _ in range(served.printed().count(f"order {order} ")))
    assert all(told[order] for order in placed)
    for order in placed:
        request = urllib.request.Request(f"{served.url}/orders/{order}")
        request.add_header("Authorization", f"Bearer {served.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            assert answer.headers["ETag"] == '"2"'
