"""What happened, as the stream and the rules tell it to the queue: one JSON object a message, named by its `type`."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from chalicelib.models.inbox import PartnerEvent


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True)


class OrderPlaced(_Event):
    """An order waits to be confirmed."""

    type: Literal["order.placed"] = "order.placed"
    order_id: str


class PersonDeleted(_Event):
    """What hung on a person when they were deleted can go. `sweep` counts how often it was looked for."""

    type: Literal["person.deleted"] = "person.deleted"
    person_id: str
    deleted_at: AwareDatetime
    sweep: int = 1


class ObjectStored(_Event):
    """S3 has an object; its size is in bytes, `version` is None in a bucket without versions."""

    type: Literal["object.stored"] = "object.stored"
    key: str
    size: int
    md5: str
    version: str | None = None


class ObjectAbandoned(_Event):
    """Nothing refers to an object any more."""

    type: Literal["object.abandoned"] = "object.abandoned"
    key: str
    version: str | None = None


class ChangeMissed(_Event):
    """A record of the table's stream that could not be read."""

    type: Literal["change.missed"] = "change.missed"
    record: dict[str, Any]


Event = OrderPlaced | PersonDeleted | ObjectStored | ObjectAbandoned | ChangeMissed

read = TypeAdapter(Annotated[Event, Field(discriminator="type")]).validate_json
"""Returns the event that a message's body is. Raises ValidationError."""


class PartnerSent(BaseModel):
    """A partner's event on its way to the inbox, and who sent it. API Gateway can write it too."""

    sender: str
    event: PartnerEvent
