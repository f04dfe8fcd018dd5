"""What an endpoint answers, before it becomes Lambda's response."""

from typing import NamedTuple


class Reply(NamedTuple):
    """A status, headers and a text body."""

    status: int
    headers: dict[str, str]
    body: str
