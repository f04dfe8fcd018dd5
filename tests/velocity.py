"""API Gateway's mapping templates, rendered by airspeed with what they may use of `$input`, `$util` and `$context`.

Source: API Gateway Developer Guide, "Variables for data transformations". What airspeed lacks is bent here: a hyphen in
a variable's name.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import airspeed

_OVERRIDE = re.compile(r"(?<=responseOverride\.header\.)[\w-]+")


class Rendered(NamedTuple):
    """What became of a template: its text, and what it overrides in the answer."""

    text: str
    status: int | None
    headers: dict[str, str]


class _Text(str):
    """A string as Java has it."""

    __slots__ = ()

    def replaceAll(self, pattern: str, text: str) -> str:  # noqa: N802 - Java's name
        """Replace a pattern."""
        return _Text(re.sub(pattern, text, self))

    def contains(self, text: str) -> bool:
        """Tell whether it has a text."""
        return text in self


class _Input:
    def __init__(self, body: str, headers: Mapping[str, str]) -> None:
        self._body = body
        self._headers = headers

    def json(self, path: str) -> str:
        assert path == "$"
        return _Text(json.dumps(json.loads(self._body)))

    def path(self, path: str) -> Any:
        found = json.loads(self._body)
        for name in path.removeprefix("$.").split("."):
            found = found[name]
        return found

    def params(self, name: str) -> str:
        return self._headers.get(name, "")


class _Util:
    """`escapeJavaScript` is Apache Commons Lang's."""

    @staticmethod
    def urlEncode(text: str) -> str:  # noqa: N802 - API Gateway's name
        return quote_plus(text)

    @staticmethod
    def escapeJavaScript(text: str) -> str:  # noqa: N802 - API Gateway's name
        return _Text(json.dumps(text)[1:-1].replace("'", "\\'").replace("/", "\\/"))


def render(
    template: str, *, body: str = "{}", headers: Mapping[str, str] | None = None, principal: str = "alice"
) -> Rendered:
    """Render a template for a body, a request's headers and who the authorizer said is calling."""
    overrides: dict[str, Any] = {"header": {}}
    names = {name.replace("-", "_"): name for name in _OVERRIDE.findall(template)}
    bent = _OVERRIDE.sub(lambda found: found[0].replace("-", "_"), template)
    context = {"authorizer": {"principalId": principal}, "responseOverride": overrides}
    given = {"input": _Input(body, headers or {}), "util": _Util(), "context": context}
    text = airspeed.Template(bent).merge(given)
    set_headers = {names[name]: value for name, value in overrides["header"].items()}
    return Rendered(text, overrides.get("status"), set_headers)
