"""A table of some other app, with its own names for everything, and migrations of it."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from grail.migrate import change
from grail.migrate.engine import Engine, Outcome
from grail.migrate.layout import OWN, Layout
from grail.migrate.ledger import Ledger
from grail.migrate.migration import Migration, read
from grail.migrate.pace import Pace
from grail.migrate.values import plain, stored
from grail.migrate.walk import Sizes

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE: dict[str, Any] = {
    "key": ("id", "part"),
    "indexes": {},
    "version": "rev",
    "schema_version": "shape",
    "type": "kind",
    "tombstone": "gone",
}
UPGRADES: dict[str, list[Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "user": [lambda item: {**item, "nick": item["name"].lower()}]
}
"""What ships with the other app's models."""
NICK = b'''"""Users get a nickname."""
TYPE = "user"
SCHEMA_VERSION = 2
def down(item):
    item.pop("nick", None)
    return item
'''
CENTS = b'''"""Prices are in cents."""
TYPE = "user"
def up(item):
    item["price"] *= 100
    return item
def down(item):
    item["price"] //= 100
    return item
'''
SMALL = Sizes(page=7, batch=3)
Item = dict[str, Any]


def create_table(client: "DynamoDBClient", *, has_sort_key: bool = True) -> Layout:
    """Create an empty table, and return what there is to know of it."""
    name = f"t{uuid.uuid4().hex[:12]}"
    key = TABLE["key"] if has_sort_key else TABLE["key"][:1]
    kinds: Any = zip(key, ("HASH", "RANGE"), strict=False)
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind in kinds],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute in key],
    )
    return Layout.read({**TABLE, "key": key}, table=name)


def user(number: int, **attributes: Any) -> Item:
    """Return a user, in the first shape."""
    return {
        "id": f"user-{number:05}",
        "part": "main",
        "kind": "user",
        "rev": 1,
        "shape": 1,
        "name": f"User {number}",
        "price": number,
        "lists": [number, {"deep": [1.5, None]}],
        **attributes,
    }


class World:
    """A table, and whoever migrates it."""

    def __init__(self, client: Any, layout: Layout | None = None) -> None:
        self.client = client
        self.layout = layout or create_table(client)
        self.slept: list[float] = []

    def put(self, *items: Item) -> None:
        """Write items."""
        for item in items:
            self.client.put_item(TableName=self.layout.table, Item=stored(item))

    def items(self, *, versions: bool = True) -> dict[str, Item]:
        """Return all of the app's items by the hash of their keys, with or without their versions."""
        found = [item for item in self._all() if not item["id"].startswith(OWN)]
        hidden = () if versions else ("rev",)
        return {item["id"]: {name: item[name] for name in item if name not in hidden} for item in found}

    def ledger(self, *, who: str = "ada", now: Callable[[], float] = lambda: 0.0, client: Any = None) -> Ledger:
        """Return the ledger, as somebody sees it."""
        return Ledger(client or self.client, self.layout, who=who, now=now)

    def migrate(
        self,
        migration: Migration,
        direction: str = change.UP,
        *,
        ledger: Ledger | None = None,
        client: Any = None,
        segments: int = 2,
        sizes: Sizes = SMALL,
        upgrades: Mapping[str, Any] = UPGRADES,
    ) -> Outcome:
        """Take the lock, migrate, and give it back."""
        client = client or self.client
        ledger = ledger or self.ledger(client=client)
        pace = Pace(keep=ledger.keep, sleep=self.slept.append)
        engine = Engine(client, self.layout, ledger, pace=pace, segments=segments, sizes=sizes)
        wanted = change.of(migration, direction, layout=self.layout, upgrades=upgrades)
        with engine.locked():
            return engine.perform(migration, direction, wanted, tell=lambda _: None)

    def _all(self) -> Iterable[Item]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.layout.table, ConsistentRead=True)
        return [plain(item) for page in pages for item in page["Items"]]


class Before:
    """Stands before a client, and does something before each of the first calls of an operation."""

    def __init__(self, client: Any, **actions: list[Callable[[], object]]) -> None:
        self._client = client
        self._actions = actions

    def __getattr__(self, name: str) -> Any:
        """Return the client's method."""
        method = getattr(self._client, name)
        actions = self._actions.get(name)
        if actions is None:
            return method

        def call(**parameters: Any) -> Any:
            if actions:
                actions.pop(0)()
            return method(**parameters)

        return call


class Twice:
    """Stands before a client, and sends each write twice, as if the first answer had been lost."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        """Return the client's method."""
        method = getattr(self._client, name)

        def call(**parameters: Any) -> Any:
            method(**parameters)
            return method(**parameters)

        return call if name in {"put_item", "transact_write_items"} else method


def nick(name: str = "0001_nick", source: bytes = NICK) -> Migration:
    """Return the migration to the second shape."""
    return read(name, source)


def cents(name: str = "0001_cents", source: bytes = CENTS) -> Migration:
    """Return the migration that must not be done twice to any item."""
    return read(name, source)
