"""What moto 5.2 does that a long-running embedded AWS can't have, each mend with its reason."""

import copy
import time
from typing import Any

from moto.core.common_models import BaseModel
from moto.core.serialize import JSONSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table
from moto.sqs import models
from moto.sqs.models import Queue, SQSBackend

_IMMUTABLE = {"S", "N", "B", "BOOL", "NULL"}
_AS_IT_STANDS = {"S", "N", "BOOL", "NULL", "SS", "NS"}
_LOOK_SECONDS = 0.2
_SQS: Any = models  # it does not export its clock
_motos_serialize = JSONSerializer._serialize_type_structure  # noqa: SLF001 - the one place where answers are written
_motos_transact = DynamoDBBackend.transact_write_items
_motos_delete_message = Queue.delete_message
_motos_receive_message = SQSBackend.receive_message


def apply() -> None:
    """Mend moto in this process."""
    # moto keeps every model it ever made, for its tests' sake: gigabytes after some hundred transactions.
    setattr(BaseModel, "__new__", _make)  # noqa: B010 - mypy takes it for a method
    # A transaction copies its table, whole stream included, once for each of its items, in case it must roll back:
    # seconds for one in a table of a hundred thousand.
    setattr(Table, "__deepcopy__", lambda table, _: table)  # noqa: B010 - moto has none
    setattr(DynamoDBBackend, "transact_write_items", _transact)  # noqa: B010 - mypy takes it for a method
    # A queue loses what is sent while something is deleted from it, and gives one message to two that ask at once.
    setattr(Queue, "delete_message", _delete_message)  # noqa: B010 - mypy takes it for a method
    setattr(SQSBackend, "receive_message", _receive_message)  # noqa: B010 - mypy takes it for a method
    # A queue counts all its messages several times for each that is sent or received, and reads the clock for each of
    # those by way of two calendars: seconds for every ten messages, where there are some thousands.
    _SQS.unix_time_millis = _milliseconds
    setattr(SQSBackend, "is_message_valid_based_on_retention_period", _is_retained)  # noqa: B010 - as above
    # For each value in an item moto looks for each of the ten types that a value may have, under several names: half of
    # what an answer takes.
    setattr(JSONSerializer, "_serialize_type_structure", _serialize)  # noqa: B010 - as above


def _make(cls: type[BaseModel], *_: Any, **__: Any) -> BaseModel:  # noqa: ANN401 - any model's arguments
    return object.__new__(cls)


def _serialize(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:  # noqa: ANN401 - any answer
    """Write a structure; the value of an attribute as it stands, but bytes, and what may have some within."""
    if shape.name == "AttributeValue" and isinstance(value, dict) and value.keys() <= _AS_IT_STANDS:
        serializer._default_serialize(serialized, value, shape, key)  # noqa: SLF001 - as moto ends it
    else:
        _motos_serialize(serializer, serialized, value, shape, key)


def _transact(backend: Any, transact_items: list[dict[str, Any]]) -> None:  # noqa: ANN401 - moto's models are untyped
    """Do a transaction; put back what it has touched, and nothing else, where it fails."""
    touched = [place for action in transact_items if (place := _place(backend, action)) is not None]
    before = [(place, _copy_item(found) if (found := _found(*place)) is not None else None) for place in touched]
    shards = {id(shard): shard for table, *_ in touched if (shard := table.stream_shard) is not None}
    lengths = {key: len(shard.items) for key, shard in shards.items()}
    try:
        _motos_transact(backend, transact_items)
    except BaseException:
        for (table, hash_key, range_key), item in before:
            _put_back(table, hash_key, range_key, item)
        for key, shard in shards.items():
            del shard.items[lengths[key] :]
        raise


def _place(backend: Any, action: dict[str, Any]) -> tuple[Any, Any, Any] | None:  # noqa: ANN401 - moto's models are untyped
    """Return the table and the key of a transaction's action; None for what moto is about to refuse."""
    for operation in action.values():
        table = backend.tables.get(operation.get("TableName"))
        attributes = operation.get("Item", operation.get("Key", {}))
        if table is not None and set(table.table_key_attrs) <= set(attributes):
            hash_key = DynamoType(attributes[table.hash_key_attr])
            return table, hash_key, DynamoType(attributes[table.range_key_attr]) if table.range_key_attr else None
    return None


def _found(table: Any, hash_key: DynamoType, range_key: DynamoType | None) -> Any:  # noqa: ANN401 - moto's models are untyped
    return table.get_item(hash_key, range_key)


def _put_back(table: Any, hash_key: DynamoType, range_key: DynamoType | None, item: Any) -> None:  # noqa: ANN401 - moto's models are untyped
    where, key = (table.items, hash_key) if range_key is None else (table.items[hash_key], range_key)
    if item is None:
        where.pop(key, None)
    else:
        where[key] = item


def _copy_item(item: Any) -> Any:  # noqa: ANN401 - moto's models are untyped
    clone = object.__new__(type(item))
    clone.__dict__.update(item.__dict__)
    clone.attrs = type(item.attrs)()
    for name, value in item.attrs.items():
        dict.__setitem__(clone.attrs, name, _copy_value(value))  # its size was checked when it was written
    return clone


def _copy_value(value: DynamoType) -> DynamoType:
    return value if value.type in _IMMUTABLE else copy.deepcopy(value)


def _delete_message(queue: Any, receipt_handle: str) -> None:  # noqa: ANN401 - moto's models are untyped
    with queue._messages_lock:  # noqa: SLF001 - under which moto adds one
        _motos_delete_message(queue, receipt_handle)


def _receive_message(
    backend: Any,  # noqa: ANN401 - moto's models are untyped
    name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> Any:  # noqa: ANN401 - moto's models are untyped
    """Receive messages, under the queue's lock; wait for them without it."""
    lock = backend.get_queue(name)._messages_lock  # noqa: SLF001 - under which moto adds one
    until = time.monotonic() + wait_seconds_timeout
    with lock:
        while True:
            found = _motos_receive_message(backend, name, count, 0, visibility_timeout, message_attribute_names)
            if found or time.monotonic() >= until:
                return found
            lock.wait(_LOOK_SECONDS)  # for what is sent, and what becomes visible again


def _milliseconds() -> float:
    """Return the time since 1970."""
    return time.time() * 1000


def _is_retained(backend: Any, name: str, message: Any) -> bool:  # noqa: ANN401 - moto's models are untyped
    """Tell whether a message is still kept, without its queue's other attributes, which are counts."""
    kept = backend.get_queue(name).message_retention_period * 1000
    return bool(message.sent_timestamp + kept > _SQS.unix_time_millis())
