"""The inbox: what partners send, taken at once and kept by a worker."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from chalicelib.models.entity import Entity, EntityView
from chalicelib.models.fields import Id, RequestModel, Title, View


class PartnerEvent(RequestModel):
    """What a partner sends. Sent again with the same id, it is the same event."""

    id: Annotated[Id, Field(description="The partner's own: makes it safe to send the event again.")]
    type: Annotated[Title, Field(examples=["payment.received"])]
    data: Annotated[dict[str, Any], Field(examples=[{"amount": 900}])] = {}


class Receipt(View):
    """That an event was taken, and will be kept."""

    message_id: Annotated[str, Field(description="The queue's, for questions.")]


class DeliveryView(EntityView):
    """A kept event, as clients see it."""

    sender: str
    event_id: str
    event_type: str
    data: dict[str, Any]


class Delivery(DeliveryView, Entity):
    """A kept event, as stored, until its `ttl` (Unix seconds) has passed."""

    KIND: ClassVar[str] = "delivery"

    ttl: int
