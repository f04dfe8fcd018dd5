"""What holds of a stage that has come to rest, whatever went wrong on the way."""

# ruff: noqa: D401 - an invariant's docstring states it

from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.repositories import keys
from chalicelib.repositories.objects import DOCUMENTS
from chalicelib.repositories.queue import EVENTS, INBOX
from chalicelib.repositories.table import Item
from grail.iam import check as iam
from grail.iam import roles, usage
from grail.iam.dynamodb import LEADING_KEYS
from grail.project import Project
from tests.platform import Platform

ROOT = Path(__file__).resolve().parents[1]


def check(stage: Platform) -> None:
    """Assert all of them."""
    items = stage.items()
    alive = [item for item in items if "deleted" not in item and item.get("ttl", stage.clock.now + 1) > stage.clock.now]
    nothing_is_on_its_way(stage)
    dead_letters_are_the_poison(stage)
    no_order_is_lost(stage, items)
    no_order_is_pending(stage, alive)
    no_order_is_settled_twice(stage)
    each_claim_is_a_persons(alive)
    nothing_is_left_of_who_is_gone(alive)
    each_object_is_a_documents(stage, alive)
    no_delivery_is_kept_twice(alive)
    each_call_is_allowed(stage)


def of_type(items: list[Item], name: str) -> list[Item]:
    """Return the items of a type."""
    return [item for item in items if item["type"] == name]


def nothing_is_on_its_way(stage: Platform) -> None:
    """No message waits, and no event was dropped."""
    assert [message.body for queue in (EVENTS, INBOX) for message in stage.messages(queue)] == []
    assert stage.dropped == []


def dead_letters_are_the_poison(stage: Platform) -> None:
    """What is dead is what can't be done; twice it may be there, if its deletion failed."""
    assert {message.body for queue in (EVENTS, INBOX) for message in stage.dead(queue)} == stage.poison


def no_order_is_lost(stage: Platform, items: list[Item]) -> None:
    """What a client was told is placed is there, or was deleted with its person."""
    placed = {location.rpartition("/")[2] for location in stage.made if location.startswith("/orders/")}
    assert placed <= {item["id"] for item in items if item["type"] == "order"}


def no_order_is_pending(stage: Platform, alive: list[Item]) -> None:
    """Each was confirmed, cancelled or expired, and is out of the index; the poison's are still in it."""
    for order in of_type(alive, "order"):
        is_pending = any(order["id"] in body for body in stage.poison)
        assert (order["status"] == "pending") == is_pending, order
        assert ("gsi3pk" in order) == ("gsi3sk" in order) == is_pending, order


def no_order_is_settled_twice(stage: Platform) -> None:
    """By the stream: an order comes once, leaves its first status once, and its versions count up by one."""
    came, settled = Counter[str](), Counter[str]()
    for before, after in stage.history():
        if after is None or after["type"] != "order":
            continue
        assert after["version"] == (before["version"] if before else 0) + 1
        came[after["id"]] += before is None
        if before is not None and "deleted" not in after:
            assert before["status"] == "pending", (before, after)
            settled[after["id"]] += 1
    assert set(came.values()) <= {1}
    assert set(settled.values()) <= {1}


def each_claim_is_a_persons(alive: list[Item]) -> None:
    """Each email is claimed by the person who has it, and nobody else's is."""
    claims = {item["pk"].removeprefix("EMAIL#"): item["person_id"] for item in of_type(alive, "email")}
    assert claims == {person["email_key"]: person["id"] for person in of_type(alive, "person")}


def nothing_is_left_of_who_is_gone(alive: list[Item]) -> None:
    """What hangs on a person has one."""
    people = {person["id"] for person in of_type(alive, "person")}
    assert {item["person_id"] for item in alive if "person_id" in item} <= people


def each_object_is_a_documents(stage: Platform, alive: list[Item]) -> None:
    """An object is there as long as a document is stored, and no longer."""
    stored: list[Any] = [each for each in of_type(alive, "document") if each["status"] == "stored"]
    found = {key for key in stage.objects() if key.startswith(DOCUMENTS)}
    assert found == {document["object_key"] for document in stored}


def no_delivery_is_kept_twice(alive: list[Item]) -> None:
    """An event that a partner sent is there once."""
    kept = Counter((item["sender"], item["event_id"]) for item in of_type(alive, "delivery"))
    assert set(kept.values()) <= {1}


def each_call_is_allowed(stage: Platform) -> None:
    """No function asks of AWS what its policy does not allow, least of all where something went wrong."""
    asked = usage.of(stage.calls, stage=stage.settings.stage, table=keys.TABLE, asked=lambda _: {LEADING_KEYS})
    for function, needs in usage.in_stage(asked, "dev").items():
        lacking = [finding for finding in iam.findings(_policy(function), needs) if finding.startswith("does not")]
        assert lacking == [], function


@cache
def _policy(function: str) -> Mapping[str, Any]:
    return roles.policy(roles.policy_files(Project(ROOT), "dev", [function])[function])
