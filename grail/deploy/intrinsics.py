"""CloudFormation's functions in a template, replaced by what they would give."""

import re
from collections.abc import Mapping
from typing import Any

from grail.errors import GrailError

_NAMED = re.compile(r"\$\{([^!}][^}]*)\}")


def resolved(value: Any, known: Mapping[str, str], *, strict: bool = True) -> Any:  # noqa: ANN401 - any of a template
    """Return a part of a template with each Ref, Fn::GetAtt and Fn::Sub replaced.

    `known` has what a Ref gives by its name, an attribute by `Name.Attribute`. What is not known stays as it is, or
    raises GrailError where the answer must be `strict`.
    """
    match value:
        case {"Ref": str(name)}:
            return known.get(name, value) if not strict else _of(name, known)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            place = f"{name}.{attribute}"
            return known.get(place, value) if not strict else _of(place, known)
        case {"Fn::Sub": str(text)}:
            if strict:
                return _NAMED.sub(lambda found: _of(found[1], known), text)
            text = _NAMED.sub(lambda found: known.get(found[1], found[0]), text)
            return {"Fn::Sub": text} if _NAMED.search(text) else text
        case Mapping():
            return {name: resolved(part, known, strict=strict) for name, part in value.items()}
        case list():
            return [resolved(part, known, strict=strict) for part in value]
    return value


def _of(name: str, known: Mapping[str, str]) -> str:
    if name not in known:
        message = f"the direct path knows nothing named {name}, which the template refers to"
        raise GrailError(message)
    return known[name]
