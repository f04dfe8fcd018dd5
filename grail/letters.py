"""What a message on a queue of dead letters says, and what of it goes back to its queue."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageAttributeValueOutputTypeDef, MessageTypeDef

PARKED = ("error", "function", "message_id", "parked_at")
"""The attributes that a worker gives a message which it gives up; one that SQS moved has none of them."""

_NO_ERROR = "no error: moved by the queue's redrive policy"
_LARGEST = 256 * 1024
"""Bytes sent at once, unless a single message is larger: less than SQS takes (1 MiB), which counts more than these."""


class Letter(NamedTuple):
    """A dead letter: the id it had in its queue, when and by which function it was given up, why, and what it says."""

    id: str
    parked_at: str | None
    function: str | None
    error: str
    body: str

    @classmethod
    def read(cls, message: "MessageTypeDef") -> "Letter":
        """Read a message."""
        attributes = message.get("MessageAttributes", {})
        notes = {name: attribute.get("StringValue", "") for name, attribute in attributes.items()}
        if not _is_parked(notes):
            notes = {"message_id": message["MessageId"], "error": _NO_ERROR}
        return cls(
            id=notes["message_id"],
            parked_at=notes.get("parked_at"),
            function=notes.get("function"),
            error=notes["error"],
            body=message["Body"],
        )

    def described(self) -> str:
        """Return it as a person reads it: when, where and why it was given up, and what it says."""
        given_up = f", given up {self.parked_at} by {self.function}" if self.parked_at else ""
        try:
            body = json.dumps(json.loads(self.body), indent=2, ensure_ascii=False)
        except ValueError:
            body = self.body
        return "\n  ".join([f"{self.id}{given_up}", *self.error.splitlines(), *body.splitlines()])


def foreign_attributes(message: "MessageTypeDef") -> Mapping[str, "MessageAttributeValueOutputTypeDef"]:
    """Return the attributes that a message had in its queue."""
    attributes = message.get("MessageAttributes", {})
    dropped = PARKED if _is_parked(attributes) else ()
    return {name: attribute for name, attribute in attributes.items() if name not in dropped}


def parts(messages: Sequence["MessageTypeDef"]) -> Iterator[list["MessageTypeDef"]]:
    """Return received messages in parts that one call may send."""
    part: list[MessageTypeDef] = []
    size = 0
    for message in messages:
        more = len(message["Body"].encode()) + len(str(foreign_attributes(message)))
        if part and size + more > _LARGEST:
            yield part
            part, size = [], 0
        part.append(message)
        size += more
    if part:
        yield part


def _is_parked(names: Collection[str]) -> bool:
    """Tell whether a worker gave a message up; one that SQS moved may have an `error` of its sender's."""
    return all(name in names for name in PARKED)
