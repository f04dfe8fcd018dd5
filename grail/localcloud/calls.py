"""A request that found its resource: what every event is made of."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from grail.localcloud.exchange import Request
from grail.localcloud.routes import Source


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A deployed API, as events and ARNs name it."""

    name: str
    region: str
    account: str = "123456789012"
    api_id: str = "local"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that found its resource: what every event is made of. `at` is in seconds since 1970."""

    stage: Stage
    request: Request
    resource: str
    parameters: Mapping[str, str]
    path: str
    query: str
    id: str
    at: float

    @property
    def arn(self) -> str:
        """The ARN that an authorizer's policy is about."""
        api = f"arn:aws:execute-api:{self.stage.region}:{self.stage.account}:{self.stage.api_id}/{self.stage.name}"
        return f"{api}/{self.request.method}/{self.path.strip('/')}"

    @cached_property
    def headers(self) -> Mapping[str, list[str]]:
        """The headers' values."""
        return _grouped(self.request.headers)

    @cached_property
    def parameters_in_query(self) -> Mapping[str, list[str]]:
        """The query parameters' values."""
        return _grouped(parse_qsl(self.query, keep_blank_values=True, errors="replace"))

    def shown(self, source: Source) -> str:
        """Return what stands at an identity source; nothing where it is missing."""
        match source.place:
            case "header":
                return self.request.header(source.name) or ""
            case "querystring":
                return self.parameters_in_query.get(source.name, [""])[-1]
        return ""

    @property
    def time_text(self) -> str:
        """The time of the request, as Apache's access log has it."""
        return time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(self.at))


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
