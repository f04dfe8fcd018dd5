"""Tokens: how a machine proves who it is. Only a hash of the secret is stored."""

from typing import ClassVar

from pydantic import AwareDatetime

from chalicelib.models.entity import Entity


class Token(Entity):
    """A token as stored: whose it is, what it may do, and until when.

    `secret_hash` is the hex SHA-256 of a random secret of 256 bits, which needs no slow hash.
    """

    KIND: ClassVar[str] = "token"

    principal: str
    roles: list[str]
    secret_hash: str
    expires_at: AwareDatetime
