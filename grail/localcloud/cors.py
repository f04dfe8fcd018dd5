"""What CORS adds to the gateway's own answers, preflights among them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ORIGIN = "Access-Control-Allow-Origin"


@dataclass(frozen=True, kw_only=True)
class Cors:
    """A path's CORS: its headers, and its origins where there may be several (`headers` then names none)."""

    headers: Mapping[str, str]
    origins: frozenset[str] | None = None

    def answer(self, origin: str | None) -> dict[str, str]:
        """Return the headers of an answer to a request with an Origin.

        Of several origins only the caller's is named, so that caches must tell answers apart (Fetch standard, "CORS
        protocol and HTTP caches"); one that is not among them gets none, and its browser shows nothing.
        """
        if self.origins is None:
            return dict(self.headers)
        headers = {name: value for name, value in self.headers.items() if name != _ORIGIN}
        if origin in self.origins:
            headers[_ORIGIN] = origin
        return headers | {"Vary": "Origin"}

    def preflight(self, origin: str | None, methods: Iterable[str]) -> dict[str, str]:
        """Return the headers of the answer to a preflight of a path with some methods."""
        return self.answer(origin) | {"Access-Control-Allow-Methods": ",".join([*sorted(methods), "OPTIONS"])}
