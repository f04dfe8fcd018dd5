"""One direction of a migration, under way or done: what the ledger keeps of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from grail.migrate.migration import Entry


@dataclass(frozen=True)
class Run:
    """A run. Times are RFC 3339; `walk` counts how often the table is walked.

    `token` is that of who began it. `counts` are those of the walks that are done.
    """

    name: str
    checksum: str
    direction: str
    segments: int
    token: int
    who: str
    started_at: str
    walk: int = 1
    counts: Mapping[str, int] = field(default_factory=dict)
    finished_at: str | None = None

    @property
    def entry(self) -> Entry:
        """The migration."""
        return Entry(self.name, self.checksum)

    @property
    def id(self) -> str:
        """What tells this walk of this run from any other."""
        return f"{self.name} {self.direction} {self.token} {self.walk}"
