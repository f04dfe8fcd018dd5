"""Whether CloudFront stands before a stage's API, and how: the setting `edge`, of which {} will do.

"edge": {"keys": ["a", "b"], "cached": ["/docs*"], "domain": "api.example.com", "hosted_zone": "Z01234567", "waf": true}

Every request then reaches the API with the edge's own key: the usage plan is the whole stage's, and a client's own
`x-api-key` is replaced. Plans for each client need the edge off.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from grail.errors import GrailError, did_you_mean
from grail.stack.edge_keys import logical


@dataclass(frozen=True, kw_only=True)
class EdgeSettings:
    """What the edge does.

    The API takes both `keys`, and the edge sends the first. `cached` are paths, which may end in `*`, whose answers
    are for everybody. `domain` is its name in Route 53's `hosted_zone`, else CloudFront gives it one. With `waf`, an
    address may send `rate_limit` requests in five minutes.
    """

    keys: tuple[str, str] = ("a", "b")
    cached: tuple[str, ...] = ()
    domain: str | None = None
    hosted_zone: str | None = None
    waf: bool = False
    rate_limit: int = 2000

    @classmethod
    def read(cls, setting: Any) -> "EdgeSettings":  # noqa: ANN401 - what stands in a file
        """Read the setting `edge` of `.chalice/config.json`. Raises GrailError for what can't be."""
        fault = next(_faults(setting), None)
        if fault is not None:
            message = f".chalice/config.json: edge {fault}"
            raise GrailError(message)
        chosen: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in setting.items()}
        return cls(**chosen)


def _is_all(pattern: str) -> Callable[[Any], bool]:
    """Return what tells whether a value is a list of such strings."""
    return lambda value: isinstance(value, list) and all(_is(pattern)(item) for item in value)


def _is(pattern: str) -> Callable[[Any], bool]:
    """Return what tells whether a value is such a string."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


_KEY = r"(?=.{1,32}$)[a-z0-9]+(-[a-z0-9]+)*"
_PATH = r"/[A-Za-z0-9_.~/-]*\*?"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_LEAST_RATE = 10
"""WAF's smallest (AWS WAF Developer Guide, "Rate-based rule high-level settings")."""

_MUST: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "keys": (
        "two different names, of a-z, 0-9 and -",
        lambda value: _is_all(_KEY)(value) and len(value) == len(set(map(logical, value))) == 2,  # noqa: PLR2004 - two
    ),
    "cached": ('a list of paths, such as "/docs*"', _is_all(_PATH)),
    "domain": ("a name such as api.example.com", _is(rf"{_LABEL}(\.{_LABEL})+")),
    "hosted_zone": ("the id of a zone, such as Z0123456789", _is(r"Z[A-Z0-9]{1,31}")),
    "waf": ("true or false", lambda value: isinstance(value, bool)),
    "rate_limit": (
        f"a whole number from {_LEAST_RATE}",
        lambda value: isinstance(value, int) and value >= _LEAST_RATE,
    ),
}


def _faults(setting: Any) -> Iterator[str]:  # noqa: ANN401 - what stands in a file
    """Yield what is wrong with a setting."""
    if not isinstance(setting, Mapping):
        yield f"is {setting!r}, not an object"
        return
    known = [field.name for field in fields(EdgeSettings)]
    for name, value in setting.items():
        if name not in known:
            yield f"has an unknown {name!r}{did_you_mean(name, known)}"
            return
        be, holds = _MUST[name]
        if not holds(value):
            yield f"has {name} {value!r}, not {be}"
    if ("domain" in setting) != ("hosted_zone" in setting):
        yield "has only one of domain and hosted_zone"
    if "rate_limit" in setting and setting.get("waf") is not True:
        yield "has a rate_limit, which needs waf"
