"""DynamoDB's expressions, made from what a write expects and changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.repositories.keys import PK, TTL
from chalicelib.repositories.table import DELETED, VERSION, Absent, Alive, Expected


class Expression:
    """Collects the names and values that a write's expressions refer to."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def condition(self, expected: Expected, *, now: float) -> str:
        """Return the ConditionExpression that `table.meets` states in Python."""
        match expected:
            case Absent():
                deleted = f"{self._name(DELETED)} = {self._value(value=True)}"
                past = f"{self._name(TTL)} <= {self._value(int(now))}"
                return f"attribute_not_exists({self._name(PK)}) OR ({deleted} AND {past})"
            case Alive():
                terms = [f"attribute_exists({self._name(PK)})", f"attribute_not_exists({self._name(DELETED)})"]
                if expected.versions is not None:
                    values = ", ".join(self._value(version) for version in sorted(expected.versions) or [-1])
                    terms.append(f"{self._name(VERSION)} IN ({values})")
                terms += [f"{self._name(name)} = {self._value(value)}" for name, value in expected.equals.items()]
                return " AND ".join(terms)

    def update(self, assign: Mapping[str, Any], remove: Sequence[str]) -> str:
        """Return the UpdateExpression that sets, removes, and counts the version up."""
        version = self._name(VERSION)
        sets = [f"{self._name(name)} = {self._value(value)}" for name, value in assign.items()]
        sets.append(f"{version} = {version} + {self._value(1)}")
        removes = f" REMOVE {', '.join(self._name(name) for name in remove)}" if remove else ""
        return f"SET {', '.join(sets)}{removes}"

    def _name(self, name: str) -> str:
        self.names[f"#{name}"] = name
        return f"#{name}"

    def _value(self, value: Any) -> str:  # noqa: ANN401 - any JSON value
        placeholder = f":v{len(self.values)}"
        self.values[placeholder] = value
        return placeholder
