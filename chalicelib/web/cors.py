"""Cross-origin resource sharing (the Fetch standard) for one origin or several.

An answer can name one origin only; so where not all are allowed, it names the one that asked, and says by `Vary` that
it differs from origin to origin.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalice.app import CORSConfig

from chalicelib.web.context import Context

_ORIGIN = "Access-Control-Allow-Origin"


class Cors(CORSConfig):
    """A CORS configuration with any number of origins; `*` stands for all."""

    def __init__(self, allow_origins: Sequence[str], **others: Any) -> None:  # noqa: ANN401 - Chalice's own
        super().__init__(allow_origin=allow_origins[0], **others)
        self.allow_origins = tuple(allow_origins)
        named = super().get_access_control_headers()
        if "*" in self.allow_origins:
            self._by_origin: Mapping[str | None, Mapping[str, str]] = {}
            self._otherwise = {**named, _ORIGIN: "*"}
            return
        self._otherwise = {name: value for name, value in named.items() if name != _ORIGIN} | {"Vary": "Origin"}
        self._by_origin = {origin: {**self._otherwise, _ORIGIN: origin} for origin in self.allow_origins}

    def headers_for(self, origin: str | None) -> Mapping[str, str]:
        """Return what CORS adds to an answer to an origin; to one that is not allowed, nothing that lets it read."""
        return self._by_origin.get(origin, self._otherwise)

    @property
    def knows_origins(self) -> bool:
        """Whether it matters who asks."""
        return bool(self._by_origin)


def headers(config: CORSConfig, ctx: Context) -> Mapping[str, str]:
    """Return what CORS adds to the answer to a request."""
    if isinstance(config, Cors):
        return config.headers_for(ctx.header("origin") if config.knows_origins else None)
    plain: Mapping[str, str] = config.get_access_control_headers()
    return plain
