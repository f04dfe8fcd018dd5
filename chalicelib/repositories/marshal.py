"""JSON to DynamoDB's JSON and back. boto3 has a serializer, which refuses floats and gives Decimals back."""

from collections.abc import Mapping
from typing import Any

from chalicelib.repositories.table import Item


def marshal(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item, or any mapping of JSON values, as DynamoDB takes it. Raises TypeError for anything else."""
    return {name: _to_dynamodb(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> Item:
    """Return an item as JSON values. Raises TypeError for what we never store."""
    return {name: _from_dynamodb(value) for name, value in item.items()}


def _to_dynamodb(value: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    """Return one value as DynamoDB takes it."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case list() | tuple():
            return {"L": [_to_dynamodb(element) for element in value]}
        case dict():
            return {"M": marshal(value)}
    message = f"{type(value).__name__} is not a JSON value"
    raise TypeError(message)


def _from_dynamodb(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Return one value as JSON."""
    [(kind, content)] = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "N":
            return int(content) if content.lstrip("-").isdigit() else float(content)
        case "NULL":
            return None
        case "L":
            return [_from_dynamodb(element) for element in content]
        case "M":
            return unmarshal(content)
    message = f"an attribute of DynamoDB's type {kind} is not one of ours"
    raise TypeError(message)
