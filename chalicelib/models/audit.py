"""The audit: who changed whose access, when, from what to what."""

from typing import Any, ClassVar

from chalicelib.models.entity import Entity, EntityView


class EntryView(EntityView):
    """A change of the permission store; `created_at` is when."""

    who: str
    token: str | None = None
    action: str
    subject: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Entry(EntryView, Entity):
    """A change, as stored."""

    KIND: ClassVar[str] = "audit entry"
