"""What an endpoint may return beside a view: named in its return type, so that OpenAPI and statuses follow."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from chalicelib.models.entity import Made

V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True)
class Created(Generic[V_co]):
    """201 with Location and the representation. `path` is that of the new thing, from the API's root."""

    made: Made[V_co]
    path: str


@dataclass(frozen=True)
class Accepted(Generic[V_co]):
    """202 with a receipt: it will be done."""

    receipt: V_co


@dataclass(frozen=True)
class Document:
    """200 with a text of some media type, the same for everyone; `etag` changes with it."""

    body: str
    media_type: str
    etag: str
    security_policy: str | None = None
