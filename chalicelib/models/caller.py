"""Who is asking, whatever way they came in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Caller:
    """A principal and the permissions (`resource:action`, `*` for any) they hold."""

    principal: str
    permissions: tuple[str, ...]
