"""Items as plain values, which upgrades work on, and back. What an upgrade leaves alone stays as it was stored.

An integer is an int, another number a float where that is exact and else a Decimal, a binary is bytes.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer


class _Reader(TypeDeserializer):
    def _deserialize_n(self, value: str) -> Any:  # noqa: ANN401 - int, float or Decimal
        if value.lstrip("-").isdigit():
            return int(value)
        exact = Decimal(value)
        near = float(value)
        return near if Decimal(repr(near)) == exact else exact

    def _deserialize_ns(self, value: list[str]) -> set[Decimal]:
        return {Decimal(number) for number in value}  # of floats, boto3 writes no set

    def _deserialize_b(self, value: Any) -> bytes:  # noqa: ANN401 - boto3's
        return bytes(value)


class _Writer(TypeSerializer):
    def serialize(self, value: Any) -> Any:  # noqa: ANN401 - any value of an item
        return super().serialize(Decimal(repr(value)) if isinstance(value, float) else value)


plain_value = _Reader().deserialize
stored_value = _Writer().serialize
"""Raises TypeError for what DynamoDB does not hold."""


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item of DynamoDB's JSON as plain values."""
    return {name: plain_value(value) for name, value in item.items()}


def stored(item: Mapping[str, Any], *, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an item of plain values in DynamoDB's JSON; what equals `before` is as it is there, to the digit."""
    found = {name: stored_value(value) for name, value in item.items()}
    for name, value in (before or {}).items():
        if name in found and found[name] != value and found[name] == stored_value(plain_value(value)):
            found[name] = value
    return found
