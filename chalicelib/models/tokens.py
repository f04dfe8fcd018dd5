"""Service tokens: how a machine proves who it is. Only a hash of the secret is stored."""

import base64
import binascii
import re
from hashlib import sha256
from typing import Annotated, ClassVar, NamedTuple

from pydantic import AwareDatetime, Field

from chalicelib.models.entity import Entity, EntityView, spell
from chalicelib.models.fields import RequestModel
from chalicelib.models.principals import PrincipalId
from chalicelib.models.roles import RoleName
from chalicelib.settings import APP

DAY = 24 * 60 * 60
"""Seconds."""


class TokenNew(RequestModel):
    """What a client sends to make a token."""

    principal: PrincipalId
    roles: Annotated[list[RoleName], Field(min_length=1, max_length=20, description="Some of the principal's roles.")]
    expires_in: Annotated[int, Field(ge=60, le=366 * DAY, description="Seconds.", examples=[30 * DAY])] = 90 * DAY


class TokenView(EntityView):
    """A token, as administrators see it."""

    principal: str
    roles: list[str]
    expires_at: AwareDatetime
    last_used_at: Annotated[AwareDatetime | None, Field(description="To the hour.")] = None
    secret: Annotated[
        str | None, Field(description="The token itself: in the answer to its creation, and never again.")
    ] = None


class Token(TokenView, Entity):
    """A token, as stored.

    `secret_hash` is the hex SHA-256 of 256 random bits, which need no slow hash. `principal_since` is when its
    principal was made: another one of the same name, made later, is not who it was given to.
    """

    KIND: ClassVar[str] = "token"

    secret_hash: str
    principal_since: AwareDatetime


class Secret(NamedTuple):
    """A token's text, taken apart. It names its principal, so that one read brings all that a decision needs."""

    principal: str
    token_id: str
    secret: str

    @property
    def text(self) -> str:
        """The token; the app's name before it lets secret scanners recognise a leaked one."""
        return f"{APP}_{spell(self.principal.encode()).rstrip('=')}_{self.token_id}_{self.secret}"

    @property
    def hash(self) -> str:
        """What is stored of the secret."""
        return sha256(self.secret.encode()).hexdigest()


_TEXT = re.compile(rf"{APP}_([a-z2-7]{{1,208}})_([0-9a-z]{{1,64}})_([A-Za-z0-9_-]{{1,64}})")


def read(text: str) -> Secret | None:
    """Return what a token's text says; None for what `Secret.text` can't have made."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    name, token_id, secret = found.groups()
    try:
        principal = base64.b32decode(name.upper() + "=" * (-len(name) % 8)).decode()
    except (binascii.Error, ValueError):
        return None
    read_as = Secret(principal, token_id, secret)
    return read_as if read_as.text == text else None
