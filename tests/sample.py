"""A body for any model, so that tests of all routes take in new ones by themselves."""

from typing import Any

from pydantic import BaseModel


def sample(model: type[BaseModel]) -> dict[str, Any]:
    """Return a body for a model: its required fields, each by its example or by its type."""
    plain = {str: "a", int: 1, bool: True}
    found = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            assert field.examples or field.annotation in plain, f"give {model.__name__}.{name} an example"
            found[name] = field.examples[0] if field.examples else plain[field.annotation]  # type: ignore[index]
    return found
