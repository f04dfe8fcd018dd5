"""What requests of DynamoDB need: a transaction is its items' actions, a batch one of its own, an index has its ARN.

Source: Service Authorization Reference, "DynamoDB"; DynamoDB Developer Guide, "Using IAM with transactions".
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from grail.iam.needs import Need, arn

LEADING_KEYS = "dynamodb:LeadingKeys"
"""The condition key that has the partition keys of the items that a request is about."""

Table = Mapping[str, Any]
"""What the app declares of its table: `key` and `indexes`, each a hash and a sort attribute."""

Item = Mapping[str, Any]
"""What a request says of an item: `Key` or `Item`, in DynamoDB's JSON."""

_PARTIQL = {"BatchExecuteStatement", "ExecuteStatement", "ExecuteTransaction"}
_EQUALS = re.compile(r"([#\w.]+)\s*=\s*(:\w+)")


def needs(operation: str, parameters: Mapping[str, Any], table: Table | None) -> Iterator[Need]:
    """Yield what a request needs; without a declared table, the partition keys stay unknown.

    Raises ValueError for PartiQL, whose actions stand in its statements.
    """
    if operation in _PARTIQL:
        message = f"what {operation} needs is not known here"
        raise ValueError(message)
    hash_key = table["key"][0] if table else ""
    if operation == "Query":
        if table and "IndexName" in parameters:
            hash_key = table["indexes"][parameters["IndexName"]][0]
        yield _need(operation, _place(parameters), _queried(parameters, hash_key))
    elif "TableName" in parameters:
        yield _need(operation, _place(parameters), _hashes([parameters], hash_key))
    elif "TransactItems" in parameters or "RequestItems" in parameters:
        for action, name, items in _together(operation, parameters):
            yield _need(action, name, _hashes(items, hash_key))
    else:
        yield Need(f"dynamodb:{operation}", "*")


def _together(operation: str, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Item]]]:
    """Yield the actions of a request about several items, each with its table and items."""
    for member in parameters.get("TransactItems", ()):
        for name, item in member.items():
            yield f"{name}Item", item["TableName"], [item]
    for table, wanted in parameters.get("RequestItems", {}).items():
        if operation == "BatchGetItem":
            yield operation, table, [{"Key": key} for key in wanted["Keys"]]
        else:
            yield operation, table, [item for write in wanted for item in write.values()]


def _place(parameters: Mapping[str, Any]) -> str:
    index = parameters.get("IndexName")
    return str(parameters["TableName"]) + (f"/index/{index}" if index else "")


def _need(operation: str, name: str, hashes: Iterable[str]) -> Need:
    resource = arn("dynamodb", name if name.startswith("arn:") else f"table/{name}")
    return Need(f"dynamodb:{operation}", resource, frozenset((LEADING_KEYS, value) for value in hashes))


def _hashes(items: Iterable[Item], hash_key: str) -> Iterator[str]:
    for item in items:
        found = item.get("Key") or item.get("Item") or {}
        if hash_key in found:
            yield _text(found[hash_key])


def _queried(parameters: Mapping[str, Any], hash_key: str) -> Iterator[str]:
    names = parameters.get("ExpressionAttributeNames", {})
    for name, value in _EQUALS.findall(parameters.get("KeyConditionExpression", "")):
        if names.get(name, name) == hash_key:
            yield _text(parameters["ExpressionAttributeValues"][value])


def _text(value: Mapping[str, Any]) -> str:
    """Return the one value of an attribute, which is a string, a number or bytes."""
    return str(next(iter(value.values())))
