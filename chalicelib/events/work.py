"""What each event asks for, from the one service that can do it. Done again, it changes nothing."""

from datetime import timedelta
from typing import assert_never

from chalicelib.errors import NotFoundError
from chalicelib.events import changes
from chalicelib.models import events
from chalicelib.models.events import (
    ChangeMissed,
    Event,
    ObjectAbandoned,
    ObjectStored,
    OrderPlaced,
    PersonDeleted,
)
from chalicelib.repositories.queue import Queue
from chalicelib.services.documents import Documents
from chalicelib.services.orders import Orders

CLOCKS_APART = timedelta(hours=1)
"""More than two machines' clocks differ, and less than the time after which another person may have the same id."""
AT_ONCE = 50
"""How many of a deleted person's things one message removes."""
SETTLING_SECONDS = 10
"""How long to wait before an index surely shows what was written before a person was deleted."""
LAST_LOOK_SECONDS = 300
"""How long after that to look once more, should it ever have taken longer."""


class Work:
    """Does what events ask for."""

    def __init__(self, orders: Orders, documents: Documents, queue: Queue) -> None:
        self._orders = orders
        self._documents = documents
        self._queue = queue

    def read_and_do(self, body: str) -> str:
        """Do what a message asks for, and return what became of it. Raises ValidationError for what is no event."""
        return self.do(events.read(body))

    def do(self, event: Event) -> str:
        """Do what an event asks for, and return what became of it."""
        match event:
            case OrderPlaced():
                return f"order {event.order_id} {self._confirm(event.order_id)}"
            case ObjectStored():
                document = self._documents.store(event)
                return f"document {document.id} stored" if document else f"object {event.key} removed: of no document"
            case ObjectAbandoned():
                self._documents.discard(event.key, version=event.version)
                return f"object {event.key} removed"
            case PersonDeleted():
                return f"person {event.person_id}: {self._clear(event)} things removed"
            case ChangeMissed():
                sent = self.tell(changes.meaning(event.record))
                return f"{sent} events"
        assert_never(event)  # a kind that is not above must fail, and not be taken for done

    def tell(self, found: list[Event]) -> int:
        """Send events to the queue, and return how many there were."""
        deleted = [event for event in found if isinstance(event, PersonDeleted)]
        self._queue.send(event for event in found if not isinstance(event, PersonDeleted))
        self._queue.send(deleted, delay=SETTLING_SECONDS)
        return len(found)

    def _confirm(self, order_id: str) -> str:
        """Confirm an order, and return the status it has then; one that was deleted needs it no more."""
        try:
            return self._orders.confirm(order_id)
        except NotFoundError:
            return "deleted"

    def _clear(self, event: PersonDeleted) -> int:
        """Remove a part of what a person had, and see to it that the rest goes too."""
        latest = event.deleted_at + CLOCKS_APART
        parts = (self._orders, self._documents)
        removed = sum(part.clear(event.person_id, latest=latest, limit=AT_ONCE) for part in parts)
        if removed:
            self._queue.send([event], delay=1)  # the index still shows what was removed just now
        elif event.sweep == 1:
            self._queue.send([event.model_copy(update={"sweep": 2})], delay=LAST_LOOK_SECONDS)
        return removed
