"""Request bodies: JSON that means the same to every reader, or a refusal that points at the fault."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from chalicelib.web.problems import INVALID, TOO_LARGE, UNSUPPORTED, ProblemError

M = TypeVar("M", bound=BaseModel)

MAX_BYTES = 300_000
"""Below what a DynamoDB item holds (quota "Item size": 400 KB), with room for what we add to it."""
_MAX_DEPTH = 32
_MAX_ERRORS = 50
_DIGITS = 38
_TOO_LONG: int = 10**38
_SMALLEST, _TOO_LARGE = 1e-130, 1e126
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read(raw: str | bytes | None, content_type: str, model: type[M], media_types: tuple[str, ...]) -> M:
    """Return the body as the model. Raises ProblemError: 400, 413 or 415."""
    if content_type.partition(";")[0].strip().lower() not in media_types:
        detail = f"Send the body as {' or '.join(media_types)}."
        raise ProblemError(UNSUPPORTED, detail)
    text = _text(raw)
    try:
        suspicious = _is_suspicious(text)
    except ValueError as error:
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        detail = f"The body is not JSON{where}."
        raise ProblemError(INVALID, detail) from error
    except RecursionError as error:
        raise _at("", f"is nested more than {_MAX_DEPTH} deep") from error
    if suspicious:
        for pointer, fault in _faults(_EVERYTHING.decode(text), "", 0):
            raise _at(pointer, fault)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from error


def _invalid(error: ValidationError) -> ProblemError:
    """Return the problem that a model's refusal of a body is."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [{"pointer": _pointer(fault["loc"]), "detail": sentence(fault)} for fault in found[:_MAX_ERRORS]]
    return ProblemError(INVALID, "The body does not have the form it must have.", faults)


def _text(raw: str | bytes | None) -> str:
    if raw is None or not raw:
        raise ProblemError(INVALID, "There is no body; send a JSON object.")
    try:
        encoded = raw.encode() if isinstance(raw, str) else raw
        text = raw if isinstance(raw, str) else raw.decode()
    except UnicodeError as error:
        raise ProblemError(INVALID, "The body is not UTF-8.") from error
    if len(encoded) > MAX_BYTES:
        detail = f"A body may have {MAX_BYTES} bytes."
        raise ProblemError(TOO_LARGE, detail)
    return text


class _SuspiciousError(Exception):
    """Something stands in the body that deserves a second look."""


def _is_suspicious(text: str) -> bool:
    """Tell whether a body has anything that readers may disagree about. Raises ValueError, RecursionError."""
    try:
        _QUICK.decode(text)
    except _SuspiciousError:
        return True
    return text.count("[") + text.count("{") > _MAX_DEPTH or ("\\u" in text and bool(_SURROGATE.search(text)))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _SuspiciousError
    return found


def _constant(name: str) -> float:
    raise _SuspiciousError(name)


def _integer(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise _SuspiciousError
    return int(digits)


def _decimal(digits: str) -> float:
    if len(digits) > _DIGITS or "e" in digits or "E" in digits:
        raise _SuspiciousError
    return float(digits)


_QUICK = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_constant, parse_int=_integer, parse_float=_decimal)
"""Stops at the first thing that deserves a second look."""


class _Twice(dict[str, Any]):
    """An object in which a name stands twice."""

    def __init__(self, pairs: list[tuple[str, Any]], name: str) -> None:
        super().__init__(pairs)
        self.name = name


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    again = next((name for name in names if names.count(name) > 1), None)
    return dict(pairs) if again is None else _Twice(pairs, again)


def _any_integer(digits: str) -> float:
    """Return the number; past what can be stored, any that can't will do, and Python refuses very long ones."""
    return int(digits) if len(digits) < _DIGITS * 2 else math.inf


_EVERYTHING = json.JSONDecoder(object_pairs_hook=_marked, parse_int=_any_integer)
"""Reads all of it, so that the fault can be found with its place."""


def _faults(value: Any, pointer: str, depth: int) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """Yield what readers disagree about or DynamoDB can't hold, with its pointer."""
    if depth > _MAX_DEPTH:
        yield pointer, f"is nested more than {_MAX_DEPTH} deep"
        return
    match value:
        case dict():
            if isinstance(value, _Twice):
                yield f"{pointer}/{_escape(value.name)}", "stands twice"
            for name, member in value.items():
                if _lone_surrogate(name):
                    yield pointer, "has a name with half of a surrogate pair"
                else:
                    yield from _faults(member, f"{pointer}/{_escape(name)}", depth + 1)
        case list():
            for index, element in enumerate(value):
                yield from _faults(element, f"{pointer}/{index}", depth + 1)
        case str() if _lone_surrogate(value):
            yield pointer, "has half of a surrogate pair"
        case int() | float() if not _storable(value):
            yield pointer, f"is not a number with at most {_DIGITS} digits that can be stored"


def _storable(number: float) -> bool:
    """Tell whether DynamoDB can hold a number (its documentation, "Number": 38 digits, 1E-130 to below 1E+126)."""
    if isinstance(number, int):
        return abs(number) < _TOO_LONG
    return number == 0 or _SMALLEST <= abs(number) < _TOO_LARGE  # false for NaN and infinity


def _lone_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _at(pointer: str, fault: str) -> ProblemError:
    detail = "The body is JSON, but not such as everyone reads alike."
    return ProblemError(INVALID, detail, [{"pointer": pointer, "detail": fault}])


def _pointer(location: tuple[int | str, ...]) -> str:
    """RFC 6901."""
    return "".join(f"/{_escape(str(part))}" for part in location)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def sentence(fault: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    """Return pydantic's message, but for the ones that show our patterns or parts of the body."""
    match fault["type"]:
        case "string_pattern_mismatch":
            return "does not have the form it must have"
        case "extra_forbidden":
            return "is not a field of this resource"
        case "json_invalid":
            return "is not JSON that everyone reads alike"
        case "value_error":
            return str(fault["msg"]).removeprefix("Value error, ")
    return str(fault["msg"])
