"""What the authorizer found out about a caller, and hands to the handler through API Gateway."""

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from chalicelib.errors import UnauthenticatedError
from chalicelib.models.caller import Caller
from chalicelib.models.permissions import Grants, parse

LONGEST = 2_000
"""Characters of grants that travel in an authorizer's context, which with the policy has 8 KB; more are read again."""


class GrantsOf(Protocol):
    """Reads what a principal may do, with the service token of an id or without one.

    `fresh`: as it is now, whatever the process remembers. Raises UnauthenticatedError where the token was revoked.
    """

    def __call__(self, principal: str, token_id: str | None, *, fresh: bool = False) -> Grants:
        """Return it."""


class Admission(NamedTuple):
    """A known caller, and what they may do.

    `expires` is the Unix time until which the credential is good, `token` the service token's id where it was one.
    """

    principal: str
    grants: Grants
    expires: int
    token: str | None = None

    def context(self) -> dict[str, str | int]:
        """Return what to put into the authorizer's context, without grants that are too long.

        API Gateway makes text of it all.
        """
        found: dict[str, str | int] = {"expires": self.expires}
        if self.token is not None:
            found["token"] = self.token
        if len(text := self.grants.text) <= LONGEST:
            found["grants"] = text
        return found


def handed_over(authorizer: Mapping[str, Any] | None, grants_of: GrantsOf, *, fresh: bool = False) -> Caller | None:
    """Return the caller in an event's `requestContext.authorizer`: of our authorizer, or of a Cognito user pool's.

    None where neither ran; an HTTP API then has null `claims`. What they may do is read where it was not handed over,
    or where it must be `fresh`. Raises UnauthenticatedError for a credential that expired since: API Gateway remembers
    an admission without looking at the clock in it.
    """
    if not authorizer:
        return None
    if claims := authorizer.get("claims"):
        user = of_user(claims["sub"])
        return Caller(user, grants_of(user, None, fresh=fresh))
    principal = authorizer.get("principalId")
    if principal is None:
        return None
    if int(authorizer.get("expires", 0)) <= time.time():
        raise UnauthenticatedError
    text, token = authorizer.get("grants"), authorizer.get("token")
    grants = grants_of(principal, token, fresh=fresh) if fresh or text is None else parse(text)
    return Caller(principal, grants, token=token)


def of_user(subject: str) -> str:
    """Return the principal that a user of the identity provider is, whatever the provider calls them."""
    return f"user:{subject}"
