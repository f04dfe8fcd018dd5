"""What moto 5.2 does that a long-running embedded AWS can't have, each mend with its reason."""

import copy
from collections import defaultdict
from typing import Any

from moto.core.common_models import BaseModel
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

_IMMUTABLE = {"S", "N", "B", "BOOL", "NULL"}


def apply() -> None:
    """Mend moto in this process."""
    # moto keeps every model it ever made, for its tests' sake: gigabytes after some hundred transactions.
    setattr(BaseModel, "__new__", _make)  # noqa: B010 - mypy takes it for a method
    # A transaction copies its table, whole stream included, once for each of its items, in case it must roll back.
    setattr(Table, "__deepcopy__", _copy_table)  # noqa: B010 - moto has none


def _make(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:  # noqa: ANN401 - any model's arguments
    return object.__new__(cls)


def _copy_table(table: Any, _: dict[int, Any]) -> Any:  # noqa: ANN401 - moto's models are untyped
    """Return a table that a transaction's writes to the other don't change."""
    clone = object.__new__(type(table))
    clone.__dict__.update(table.__dict__)
    clone.items = defaultdict(dict)
    for hash_key, found in table.items.items():
        is_item = isinstance(found, Item)
        clone.items[hash_key] = _copy_item(found) if is_item else {key: _copy_item(item) for key, item in found.items()}
    if table.stream_shard is not None:
        shard = copy.copy(table.stream_shard)
        shard.items = list(shard.items)
        shard.table = clone
        clone.stream_shard = shard
    return clone


def _copy_item(item: Any) -> Any:  # noqa: ANN401 - moto's models are untyped
    clone = object.__new__(type(item))
    clone.__dict__.update(item.__dict__)
    clone.attrs = type(item.attrs)()
    for name, value in item.attrs.items():
        dict.__setitem__(clone.attrs, name, _copy_value(value))  # its size was checked when it was written
    return clone


def _copy_value(value: DynamoType) -> DynamoType:
    return value if value.type in _IMMUTABLE else copy.deepcopy(value)
