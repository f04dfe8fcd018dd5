"""Service tokens: made for a principal, shown once, revoked."""

import secrets
from datetime import timedelta

from chalicelib.errors import ConflictError, PermissionDeniedError
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Made, Once, Slice
from chalicelib.models.permissions import NOTHING, Grants
from chalicelib.models.roles import permissions_of, still_given
from chalicelib.models.tokens import Secret, Token, TokenNew
from chalicelib.repositories.principals import Principals
from chalicelib.repositories.records import Versions, persist
from chalicelib.repositories.tokens import Tokens as TokenRepository
from chalicelib.services.audit import Audit
from chalicelib.services.principals import check_giver, check_version
from chalicelib.services.service import Clock, NewId, begin


class Tokens:
    """The tokens."""

    def __init__(
        self, tokens: TokenRepository, principals: Principals, audit: Audit, *, now: Clock, new_id: NewId
    ) -> None:
        self._tokens = tokens
        self._principals = principals
        self._audit = audit
        self._now = now
        self._new_id = new_id

    def page(self, *, limit: int, after: str | None) -> Slice[Token]:
        """Return a part of the list, oldest first; expired ones may stand in it for some days."""
        return self._tokens.page(limit=limit, after=after)

    def get(self, token_id: str) -> Token:
        """Return one, without its secret. Raises NotFoundError."""
        return self._tokens.get(token_id)

    def create(self, body: TokenNew, *, once: Once | None, caller: Caller) -> Made[Token]:
        """Make a token; its text is in the `secret` of what this returns, unless it is a replay.

        Raises PermissionDeniedError where it would let do what the caller can't, ConflictError for a role that the
        principal does not have, KeyReusedError.
        """
        if body.principal != caller.principal and not caller.grants.is_everything:
            message = "Only who may do everything makes a token in somebody else's name."
            raise PermissionDeniedError(message)
        standing = self._principals.standing(body.principal)
        principal = standing.principal
        had = still_given(principal.roles, principal.updated_at, standing.roles.roles) if principal else []
        missing = next((name for name in body.roles if name not in had), None)
        if principal is None or missing is not None:
            message = f"{body.principal} does not have the role {missing}."
            raise ConflictError(message)
        given = Grants(frozenset(permissions_of(body.roles, standing.roles.roles)))
        check_giver(caller, before=NOTHING, after=given)
        at = self._now()
        stamps = begin(Token, at=at, caller=caller, new_id=self._new_id, once=once)
        secret = Secret(body.principal, stamps["id"], secrets.token_urlsafe(32))
        token = Token(
            **stamps,
            principal=body.principal,
            principal_since=principal.created_at,
            roles=list(dict.fromkeys(body.roles)),
            secret_hash=secret.hash,
            expires_at=at + timedelta(seconds=body.expires_in),
        )
        entry = self._audit.entry("token.create", token.id, before=None, after=_told(token), caller=caller, at=at)
        made = self._tokens.create(token, entry)
        return made if made.replayed else Made(made.entity.model_copy(update={"secret": secret.text}))

    def revoke(self, token_id: str, *, expected: Versions, caller: Caller) -> None:
        """Make a token worthless. Raises NotFoundError, StaleVersionError."""

        def attempt() -> None:
            token = self._tokens.get(token_id)
            check_version(token, expected)
            at = self._now()
            entry = self._audit.entry("token.revoke", token_id, before=_told(token), after=None, caller=caller, at=at)
            self._tokens.revoke(token, entry, at=at)

        persist(attempt)


def _told(token: Token) -> dict[str, str | list[str]]:
    return {"principal": token.principal, "roles": token.roles, "expires_at": token.expires_at.isoformat()}
