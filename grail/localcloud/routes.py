"""What the gateway knows of an API: its paths, their methods, and who guards them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from grail.localcloud.cors import Cors

DEFAULT_TTL = 300
"""Seconds an authorizer's result is kept where its description is silent (API Gateway REST API Reference)."""


class Source(NamedTuple):
    """Where a caller shows who it is; what is neither header nor query parameter is never there."""

    place: Literal["header", "querystring", "elsewhere"]
    name: str


@dataclass(frozen=True, kw_only=True)
class LambdaAuthorizer:
    """A function that decides on a request, and whose result is kept for some seconds.

    `payload` is an HTTP API's payload format version; None is a REST API's event.
    """

    function: str
    kind: Literal["TOKEN", "REQUEST"]
    sources: tuple[Source, ...]
    ttl: float = DEFAULT_TTL
    payload: Literal["1.0", "2.0"] | None = None


class UserPool(NamedTuple):
    """A Cognito user pool."""

    region: str
    id: str

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens (Cognito Developer Guide, "Verifying JSON Web Tokens")."""
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"


@dataclass(frozen=True, kw_only=True)
class UserPoolAuthorizer:
    """User pools whose tokens a header may carry."""

    header: str
    pools: tuple[UserPool, ...]


@dataclass(frozen=True)
class Uncheckable:
    """A gate that can't be checked on this machine, and so stays shut: IAM, a function that is not the app's."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """A method of a path, and what a caller must show."""

    authorizer: LambdaAuthorizer | UserPoolAuthorizer | Uncheckable | None = None
    scopes: tuple[str, ...] = ()
    needs_key: bool = False


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A path, its routes by method, and the CORS that they share."""

    path: str
    routes: Mapping[str, Route]
    cors: Cors | None = None

    def cors_headers(self, origin: str | None) -> dict[str, str]:
        """Return what CORS adds to an answer of this path."""
        return self.cors.answer(origin) if self.cors else {}


class Match(NamedTuple):
    """The resource of a request, and the parameters in its path."""

    resource: Resource
    parameters: Mapping[str, str]


class Router:
    """Finds the resource of a path."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        # A fixed part goes before a parameter, as in API Gateway.
        self._resources = sorted(resources, key=lambda one: [part.startswith("{") for part in one.path.split("/")])

    def match(self, path: str) -> Match | None:
        """Find the resource of a path; a trailing slash does not count, an encoded one is no separator."""
        parts = (path.rstrip("/") or "/").split("/")
        for resource in self._resources:
            names = resource.path.split("/")
            if len(names) == len(parts) and all(
                (name.startswith("{") and part) or name == part for name, part in zip(names, parts, strict=True)
            ):
                pairs = zip(names, parts, strict=True)
                return Match(resource, {name[1:-1]: part for name, part in pairs if name.startswith("{")})
        return None
