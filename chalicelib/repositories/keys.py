"""The data model on one page: one table, and how every access finds its items.

| item        | pk            | sk        | gsi1pk            | gsi2pk                  | read by                      |
|-------------|---------------|-----------|-------------------|-------------------------|------------------------------|
| person      | PERSON#id     | PROFILE   | PERSON#shard      | PERSON@owner            | GetItem; Query gsi1*, gsi2   |
| email claim | EMAIL#address | CLAIM     |                   |                         | only written, transactions   |
| order       | ORDER#id      | METADATA  | PERSON#id#ORDER   | PERSON#id#ORDER@owner   | GetItem; Query gsi1 to gsi4* |
| document    | DOCUMENT#id   | METADATA  | PERSON#id#DOCUMENT| PERSON#id#DOCUMENT@owner| GetItem; Query gsi1, gsi2    |
| resource    | API#NAME#id   | ITEM      | API#NAME#shard    | API#NAME@owner          | GetItem; Query gsi1*, gsi2   |
| delivery    | INBOX#id      | DELIVERY  | INBOX#shard       |                         | Query gsi1                   |
| principal   | PRINCIPAL#id  | PRINCIPAL | PRINCIPAL#shard   |                         | Get-, BatchGetItem; gsi1     |
| token       | TOKEN#id      | TOKEN     | TOKEN#shard       |                         | Get-, BatchGetItem; gsi1     |
| all roles   | ROLES         | ROLES     |                   |                         | Get-, BatchGetItem           |
| all admins  | ADMINS        | ADMINS    |                   |                         | BatchGetItem                 |
| audit entry | AUDIT#id      | AUDIT     | AUDIT#shard       |                         | Query gsi1                   |

`*`: once per shard. gsi1 lists a kind, gsi2 what of it somebody owns, gsi4 the orders of a day (`ORDER#day#shard`).
gsi3 is sparse: an order is in it (`PENDING#shard`) for as long as it is pending. The sort keys are all `created_at#id`.

The keys of what `grail.migrate` keeps here begin with `MIGRATIONS#`; nothing of ours reads them.

A deleted item stays as a tombstone (`deleted`) without its fields and outside every index, until its `ttl` (Unix
seconds) has passed; from then on it counts as gone, whether or not DynamoDB has removed it yet.
"""

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import NamedTuple

PK = "pk"
SK = "sk"
TTL = "ttl"
BY_LIST = "gsi1"
"""The index of lists: people, a person's orders, a resource's items."""
BY_OWNER = "gsi2"
"""The index of the same lists, each with what one principal owns."""
PENDING = "gsi3"
"""The index of the orders that are pending, and of nothing else."""
BY_DAY = "gsi4"
"""The index of orders by the day (UTC) they were placed on."""

INDEXES = {
    BY_LIST: ("gsi1pk", "gsi1sk"),
    BY_OWNER: ("gsi2pk", "gsi2sk"),
    PENDING: ("gsi3pk", "gsi3sk"),
    BY_DAY: ("gsi4pk", "gsi4sk"),
}
"""The hash and the sort attribute of each index."""

TABLE = {
    "key": (PK, SK),
    "indexes": INDEXES,
    "ttl": TTL,
    "stream": "NEW_AND_OLD_IMAGES",
    "version": "version",
    "schema_version": "schema_version",
    "type": "type",
    "tombstone": "deleted",
}
"""What `grail.stack` makes the table from, and `grail.migrate` finds its way by (registered in pyproject.toml).

Every key attribute is a string.
"""


class Key(NamedTuple):
    """An item's primary key."""

    pk: str
    sk: str


def person(person_id: str) -> Key:
    """Return a person's key."""
    return Key(f"PERSON#{person_id}", "PROFILE")


def email(email_key: str) -> Key:
    """Return the key of the claim on an email, given as compared (casefolded)."""
    return Key(f"EMAIL#{email_key}", "CLAIM")


def order(order_id: str) -> Key:
    """Return an order's key."""
    return Key(f"ORDER#{order_id}", "METADATA")


def document(document_id: str) -> Key:
    """Return a document's key."""
    return Key(f"DOCUMENT#{document_id}", "METADATA")


def delivery(delivery_id: str) -> Key:
    """Return the key of what a partner has sent."""
    return Key(f"INBOX#{delivery_id}", "DELIVERY")


def token(token_id: str) -> Key:
    """Return a token's key."""
    return Key(f"TOKEN#{token_id}", "TOKEN")


def principal(principal_id: str) -> Key:
    """Return a principal's key."""
    return Key(f"PRINCIPAL#{principal_id}", "PRINCIPAL")


def entry(entry_id: str) -> Key:
    """Return the key of an entry of the audit."""
    return Key(f"AUDIT#{entry_id}", "AUDIT")


ROLES = Key("ROLES", "ROLES")
ADMINS = Key("ADMINS", "ADMINS")


def resource(name: str, item_id: str) -> Key:
    """Return the key of an item of the resource `name`."""
    return Key(f"{resource_list(name)}#{item_id}", "ITEM")


def resource_list(name: str) -> str:
    """Return the name of the list of the resource `name`."""
    return f"API#{name.upper()}"


def orders_of(person_id: str) -> str:
    """Return the list partition of a person's orders."""
    return f"PERSON#{person_id}#ORDER"


def documents_of(person_id: str) -> str:
    """Return the list partition of a person's documents."""
    return f"PERSON#{person_id}#DOCUMENT"


def day(on: date) -> str:
    """Return the name of the list of the orders that were placed on a day (UTC)."""
    return f"ORDER#{on.isoformat()}"


PEOPLE, PRINCIPALS, TOKENS, AUDIT, INBOX, PENDING_ORDERS = "PERSON", "PRINCIPAL", "TOKEN", "AUDIT", "INBOX", "PENDING"
"""The names of lists."""


def owned(name: str, owner: str) -> str:
    """Return the partition of what a principal owns of the list `name`."""
    return f"{name}@{owner}"


def shard(name: str, number: int) -> str:
    """Return a partition of the list `name`, by its number from 0."""
    return f"{name}#{number}"


def shard_of(item_id: str, shards: int) -> int:
    """Return the number of the shard a new item is written to."""
    return int.from_bytes(sha256(item_id.encode()).digest()[:4]) % shards


def position(created_at: datetime, item_id: str) -> str:
    """Return an item's place in its list: by time of creation, then by id.

    The time has a fixed width, so that the order of the strings is the order in time.
    """
    return f"{created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}#{item_id}"


def end(latest: datetime) -> str:
    """Return the position behind everything that was created at a time or before."""
    return position(latest, "~")  # which no id has, and which sorts behind all that ids have
