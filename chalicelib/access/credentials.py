"""The one decision about a caller: from a credential to who it is and what they may do."""

import hmac
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from chalicelib.errors import UnauthenticatedError, UnavailableError
from chalicelib.models import tokens
from chalicelib.models.admission import Admission
from chalicelib.models.permissions import Grants
from chalicelib.models.tokens import Secret
from chalicelib.repositories.holdings import Holdings, TokenHeld
from chalicelib.repositories.tokens import Tokens
from chalicelib.services.service import Clock

_NOTED_EVERY = timedelta(hours=1)
"""How exactly a token's last use is known: a write for each use would cost more than the use."""
_NO_HASH = sha256(b"").hexdigest()


class Issuer(Protocol):
    """Who issues JWTs."""

    def verify(self, token: str) -> tuple[str, int]:
        """Return the principal and until when the token is good. Raises UnauthenticatedError, UnavailableError."""


class Credentials:
    """Recognises callers; `issuer` is asked for at the first JWT."""

    def __init__(
        self, holdings: Holdings, service_tokens: Tokens, issuer: Callable[[], Issuer | None], *, now: Clock
    ) -> None:
        self._holdings = holdings
        self._tokens = service_tokens
        self._issuer = issuer
        self._now = now

    def admit(self, authorization: str) -> Admission:
        """Return who sent an Authorization header. Raises UnauthenticatedError, UnavailableError."""
        scheme, _, credential = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthenticatedError
        credential = credential.strip()
        secret = tokens.read(credential)
        return self._machine(secret) if secret is not None else self._user(credential)

    def grants_of(self, principal: str, token_id: str | None, *, fresh: bool = False) -> Grants:
        """Return what a known caller may do. Raises UnauthenticatedError where the token was revoked."""
        held = self._holdings.of(principal, token_id, fresh=fresh)
        if token_id is not None and held.token is None:
            raise UnauthenticatedError
        return held.grants

    def _machine(self, secret: Secret) -> Admission:
        """Recognise a service token; one that does not exist takes the same path, so that its time tells nothing."""
        held = self._holdings.of(secret.principal, secret.token_id)
        stored = held.token.secret_hash if held.token else _NO_HASH
        same = hmac.compare_digest(stored, secret.hash)
        now = self._now()
        token = held.token
        if token is None or not same or token.principal != secret.principal or token.expires <= now.timestamp():
            raise UnauthenticatedError
        self._note_use(secret.token_id, token, now)
        return Admission(principal=token.principal, grants=held.grants, token=secret.token_id, expires=token.expires)

    def _user(self, token: str) -> Admission:
        issuer = self._issuer()
        if issuer is None:
            raise UnauthenticatedError
        principal, expires = issuer.verify(token)
        return Admission(principal=principal, grants=self._holdings.of(principal).grants, expires=expires)

    def _note_use(self, token_id: str, token: TokenHeld, now: datetime) -> None:
        if token.last_used_at is not None and now - datetime.fromisoformat(token.last_used_at) < _NOTED_EVERY:
            return
        with suppress(UnavailableError):  # nobody is refused because that could not be noted
            self._tokens.touch(token_id, now)
            self._holdings.note_use(token_id, now.isoformat())
