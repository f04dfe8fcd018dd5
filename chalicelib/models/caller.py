"""Who is asking, whatever way they came in."""

from typing import NamedTuple

from chalicelib.models.permissions import EVERYTHING, Grants


class Caller(NamedTuple):
    """A principal, what they may do, whether what they ask for now is confined to what is theirs, and by which token.

    `token` is the id of the service token, where it was one.
    """

    principal: str
    grants: Grants = EVERYTHING
    only_own: bool = False
    token: str | None = None

    @property
    def confined_to(self) -> str | None:
        """The one owner whose things they may touch; None: anyone's."""
        return self.principal if self.only_own else None
