"""What the authorizer found out about a caller, and hands to the handler through API Gateway."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import UnauthenticatedError
from chalicelib.models.permissions import Grants, parse

LONGEST = 2_000
"""Characters of grants that travel in an authorizer's context, which with the policy has 8 KB; more are read again."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """A known caller, and what they may do.

    `grants` is None where they are still to be read: they would not fit, or no authorizer of ours ran. `token` is the
    id of the service token, where it was one. `expires` is the Unix time until which the credential is good, where we
    know it.
    """

    principal: str
    grants: Grants | None = None
    token: str | None = None
    expires: int | None = None

    def context(self) -> dict[str, str | int]:
        """Return what to put into the authorizer's context; API Gateway makes text of it all."""
        found: dict[str, str | int] = {}
        if self.expires is not None:
            found["expires"] = self.expires
        if self.token is not None:
            found["token"] = self.token
        if self.grants is not None and len(text := self.grants.text) <= LONGEST:
            found["grants"] = text
        return found


def handed_over(authorizer: Mapping[str, Any] | None) -> Admission | None:
    """Return what stands in an event's `requestContext.authorizer`: of our authorizer, or of a Cognito user pool's.

    None where neither ran. Raises UnauthenticatedError for a credential that expired since: API Gateway remembers an
    admission without looking at the clock in it.
    """
    principal = principal_of(authorizer)
    if authorizer is None or principal is None:
        return None
    if "claims" in authorizer:
        return Admission(principal=principal)
    grants = authorizer.get("grants")
    expires = int(authorizer.get("expires", 0))
    if expires <= time.time():
        raise UnauthenticatedError
    return Admission(
        principal=principal,
        grants=None if grants is None else parse(grants),
        token=authorizer.get("token"),
        expires=expires,
    )


def principal_of(authorizer: Mapping[str, Any] | None) -> str | None:
    """Return the principal that `requestContext.authorizer` names, for the log; None where no authorizer ran."""
    if not authorizer:
        return None
    if "claims" in authorizer:
        return of_user(authorizer["claims"]["sub"])
    return authorizer.get("principalId")


def of_user(subject: str) -> str:
    """Return the principal that a user of the identity provider is; no service token's can be mistaken for it."""
    return f"user:{subject}"
