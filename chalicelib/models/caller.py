"""Who is asking, whatever way they came in."""

from typing import NamedTuple

from chalicelib.models.permissions import EVERYTHING, Grants


class Caller(NamedTuple):
    """A principal, what they may do, and whether what they ask for now is confined to what is theirs."""

    principal: str
    grants: Grants = EVERYTHING
    only_own: bool = False

    @property
    def confined_to(self) -> str | None:
        """The one owner whose things they may touch; None: anyone's."""
        return self.principal if self.only_own else None
