"""The inbox: what partners send is taken at once, and kept by a worker."""

from datetime import timedelta
from hashlib import sha256

from chalicelib.models.caller import Caller
from chalicelib.models.entity import Slice, spell
from chalicelib.models.events import PartnerSent
from chalicelib.models.inbox import Delivery, PartnerEvent, Receipt
from chalicelib.repositories.inbox import Inbox as InboxRepository
from chalicelib.repositories.queue import Queue
from chalicelib.services.service import Clock

LIFE = timedelta(days=90)
"""How long an event is kept."""


class Inbox:
    """The inbox."""

    def __init__(self, inbox: InboxRepository, queue: Queue, *, now: Clock) -> None:
        self._inbox = inbox
        self._queue = queue
        self._now = now

    def take(self, event: PartnerEvent, *, caller: Caller) -> Receipt:
        """Take an event. Raises TooLargeError."""
        [message_id] = self._queue.send([PartnerSent(sender=caller.principal, event=event)])
        return Receipt(message_id=message_id)

    def keep(self, sent: PartnerSent) -> bool:
        """Keep an event; tell whether it is a new one."""
        at = self._now()
        name = f"{sent.sender} {sent.event.id}"  # no sender has a space
        delivery = Delivery(
            id=spell(sha256(name.encode()).digest()[:15]),
            owner=sent.sender,
            created_at=at,
            updated_at=at,
            sender=sent.sender,
            event_id=sent.event.id,
            event_type=sent.event.type,
            data=sent.event.data,
            ttl=int((at + LIFE).timestamp()),
        )
        return self._inbox.keep(delivery)

    def page(self, *, limit: int, after: str | None) -> Slice[Delivery]:
        """Return a part of what was kept, oldest first."""
        return self._inbox.page(limit=limit, after=after)
