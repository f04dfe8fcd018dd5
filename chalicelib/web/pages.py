"""Lists in parts: `?limit=` and `?cursor=`, answered with `{"items": [...], "next": "<cursor>" | null}`.

A cursor carries a position in the list and nothing else. Which list it is comes from the route, so a cursor can't be
used to read another one.
"""

import base64
import binascii
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from chalicelib.models.entity import Slice
from chalicelib.models.fields import RequestModel, View

T = TypeVar("T")

_LONGEST = 400
_VERSION = b"1"


def encode(position: str) -> str:
    """Return the cursor of a position."""
    return base64.urlsafe_b64encode(_VERSION + position.encode()).decode().rstrip("=")


def decode(cursor: str) -> str:
    """Return a cursor's position. Raises ValueError for what `encode` can't have made."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = text[1:].decode()
    except (binascii.Error, ValueError):
        position = ""
    if not position or encode(position) != cursor:
        message = "is not a cursor that a list answered with"
        raise ValueError(message)
    return position


def _checked(cursor: str) -> str:
    decode(cursor)
    return cursor


def _digits(text: object) -> object:
    if isinstance(text, str) and not (text.isascii() and text.isdigit()):
        message = "must be a whole number"
        raise ValueError(message)
    return text


class Paging(RequestModel):
    """The query parameters of every list."""

    model_config = ConfigDict(strict=False)

    limit: Annotated[int, Field(ge=1, le=100, description="How many items at most."), BeforeValidator(_digits)] = 20
    cursor: Annotated[
        str | None,
        AfterValidator(lambda cursor: cursor if cursor is None else _checked(cursor)),
        Field(
            max_length=_LONGEST,
            description="The `next` of the part before.",
            json_schema_extra={"format": "cursor"},
        ),
    ] = None

    @property
    def after(self) -> str | None:
        """The position to go on from."""
        return None if self.cursor is None else decode(self.cursor)


class Page(View, Generic[T]):
    """A part of a list; `next` is the cursor of the part that follows, null at the end."""

    items: list[T]
    next: str | None

    @classmethod
    def of(cls, part: Slice[T]) -> "Page[T]":
        """Return the page of a slice, without validating again what our own services made."""
        return cls.model_construct(items=part.items, next=None if part.position is None else encode(part.position))
