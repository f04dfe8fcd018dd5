"""A migration's place in this app: nothing expires its files, no function reaches them, nobody hears of its items."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.events.changes import meaning, shortened
from chalicelib.repositories import keys, objects
from chalicelib.tools import UPGRADES
from grail.migrate.cell import Cell
from grail.migrate.layout import Layout
from grail.migrate.store import PREFIX
from grail.stack.bucket import bucket_resources

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = Layout.read(keys.TABLE, table="t")


def _own() -> dict[str, Any]:
    """Return one of a migration's own items."""
    nobody: Any = None  # it calls nothing here
    item: dict[str, Any] = Cell(nobody, LAYOUT, "LEDGER").put({"token": 1})["Item"]
    return item


def test_nothing_expires_a_migrations_file() -> None:
    """Of the bucket's rules, only that for what was deleted or written over reaches it."""
    rules = bucket_resources("b", objects.BUCKET, origins=[])["Files"]["Properties"]["LifecycleConfiguration"]["Rules"]
    prefixes = [rule["Prefix"] for rule in rules if "ExpirationInDays" in rule]
    assert prefixes
    assert not any(PREFIX.startswith(prefix) or prefix.startswith(PREFIX) for prefix in prefixes)


@pytest.mark.parametrize("file", sorted((ROOT / ".chalice").glob("policy-*.json")), ids=lambda file: file.stem)
def test_no_function_reaches_a_migrations_file(file: Path) -> None:
    """It is code that runs with a developer's credentials."""
    for statement in json.loads(file.read_text())["Statement"]:
        actions, resources = (
            [found] if isinstance(found, str) else found for found in (statement["Action"], statement["Resource"])
        )
        if any(action.startswith(("s3:", "*")) for action in actions):
            assert all(resource.partition(":::")[2].split("/")[1] in {"documents", "reports"} for resource in resources)


@pytest.mark.parametrize(("before", "after"), [(False, True), (True, True), (True, False)])
def test_the_streams_reader_takes_no_notice_of_a_migrations_own_items(*, before: bool, after: bool) -> None:
    """They come, change and go, and mean nothing."""
    change = {name: _own() for name, is_there in (("OldImage", before), ("NewImage", after)) if is_there}
    record = {"eventID": "1", "dynamodb": {"ApproximateCreationDateTime": 0, **change}}
    assert meaning(record) == []
    assert shortened(record)["eventID"] == "1"


def test_an_item_that_is_migrated_is_no_event() -> None:
    """It was there, and is."""
    order = {"type": {"S": "order"}, "id": {"S": "o"}, "schema_version": {"N": "1"}, "version": {"N": "1"}}
    migrated = {**order, "schema_version": {"N": "2"}, "version": {"N": "2"}}
    assert meaning({"dynamodb": {"OldImage": order, "NewImage": migrated}}) == []


def test_every_kind_of_item_that_is_listed_can_be_upgraded() -> None:
    """Those of the data model that are entities; the rest has no schema version."""
    assert set(UPGRADES) == {
        "audit entry", "delivery", "document", "mock", "note", "order", "person", "principal", "token",
    }  # fmt: skip
