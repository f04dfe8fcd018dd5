"""The audit: what is written of each change of the permission store, and read by administrators."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.models.audit import Entry
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Slice
from chalicelib.repositories.audit import Audit as AuditRepository
from chalicelib.services.service import Clock, NewId, begin


class Audit:
    """The entries."""

    def __init__(self, entries: AuditRepository, *, now: Clock, new_id: NewId) -> None:
        self._entries = entries
        self._now = now
        self._new_id = new_id

    def page(self, *, limit: int, after: str | None) -> Slice[Entry]:
        """Return a part of the entries, oldest first."""
        return self._entries.page(limit=limit, after=after)

    def entry(
        self,
        action: str,
        subject: str,
        *,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        caller: Caller,
        at: datetime,
    ) -> Entry:
        """Make the entry of a change from `before` (None: there was nothing) to `after` (None: there is nothing)."""
        stamps = begin(Entry, at=at, caller=caller, new_id=self._new_id, once=None)
        who, token = caller.principal, caller.token
        return Entry(**stamps, who=who, token=token, action=action, subject=subject, before=before, after=after)
