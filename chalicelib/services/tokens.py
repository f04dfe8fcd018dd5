"""Tokens: minted for a principal, shown once, recognised by a hash."""

import hmac
import re
import secrets
from datetime import timedelta
from hashlib import sha256

from chalicelib.errors import NotFoundError, UnauthenticatedError
from chalicelib.models.caller import Caller
from chalicelib.models.tokens import Token
from chalicelib.repositories.tokens import Tokens as TokenRepository
from chalicelib.services.service import Clock, NewId, begin
from chalicelib.settings import APP

_IDENTIFIER = re.compile("[0-9a-z]{1,64}")
_PREFIX = APP
"""Makes a leaked token recognisable to secret scanners."""


class Tokens:
    """The tokens."""

    def __init__(self, tokens: TokenRepository, *, now: Clock, new_id: NewId) -> None:
        self._tokens = tokens
        self._now = now
        self._new_id = new_id

    def mint(self, principal: str, roles: list[str], *, life: timedelta, caller: Caller) -> str:
        """Make a token and return it; it can't be read again."""
        at = self._now()
        secret = secrets.token_urlsafe(32)
        token = Token(
            **begin(Token, at=at, caller=caller, new_id=self._new_id, once=None),
            principal=principal,
            roles=roles,
            secret_hash=_hash(secret),
            expires_at=at + life,
        )
        self._tokens.add(token)
        return f"{_PREFIX}_{token.id}_{secret}"

    def recognise(self, text: str) -> Token:
        """Return the token that the text is. Raises UnauthenticatedError for anything else.

        One that does not exist is compared too, so that the time taken tells nothing.
        """
        prefix, _, rest = text.partition("_")
        identifier, _, secret = rest.partition("_")
        try:
            token = self._tokens.get(identifier) if _IDENTIFIER.fullmatch(identifier) and prefix == _PREFIX else None
        except NotFoundError:
            token = None
        known = token.secret_hash if token else _hash("")
        same = hmac.compare_digest(known, _hash(secret))
        if token is None or not same or token.expires_at <= self._now():
            raise UnauthenticatedError
        return token


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
