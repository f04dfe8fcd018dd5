"""Documents: files that hang on a person. The bytes go from the client to S3 and back, never through the API."""

from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field, StringConstraints

from chalicelib.models.entity import Belonging, EntityView
from chalicelib.models.fields import LINE, Id, RequestModel, View

MiB = 1024 * 1024

Filename = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=LINE.replace("[^", r"[^/\\\u202a-\u202e\u2066-\u2069")),
    Field(examples=["tea.txt"], description="A name, not a path."),
]
MediaType = Annotated[
    str,
    # RFC 6838, 4.2; what may be named is what a browser will be told when it downloads
    StringConstraints(max_length=127, pattern=r"^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*$"),
    Field(examples=["text/plain"]),
]
Size = Annotated[int, Field(ge=1, le=100 * MiB, examples=[11], description="Bytes.")]


class Status(StrEnum):
    """A document's life."""

    AWAITING_UPLOAD = "awaiting_upload"
    STORED = "stored"


class DocumentNew(RequestModel):
    """What a client sends to announce a file: what it then uploads must be just that."""

    filename: Filename
    content_type: MediaType
    size: Size


class Upload(View):
    """A form for S3 (multipart/form-data): all fields as they are, then the file in a field `file`."""

    url: str
    fields: dict[str, str]
    expires_at: AwareDatetime


class Download(View):
    """Where the file can be had."""

    url: str
    expires_at: AwareDatetime


class DocumentView(EntityView):
    """A document, as clients see it in a list."""

    person_id: Id
    filename: str
    content_type: str
    size: int
    status: Status
    md5: Annotated[str | None, Field(description="In hex, as S3 received it.")] = None


class LinkedDocumentView(DocumentView):
    """A document, with the form to upload it where it was announced just now, or the link to download it."""

    CACHEABLE: ClassVar[bool] = False

    upload: Upload | None = None
    download: Download | None = None


class Document(LinkedDocumentView, Belonging):
    """A document, as stored; the links are made anew each time.

    `object_key` is its object's in the bucket, used for no other document ever; `object_version` is S3's version of it
    that was stored, so that whoever still has the form can't put another in its place. One that is never uploaded is
    gone when its `ttl` (Unix seconds) has passed.
    """

    KIND: ClassVar[str] = "document"

    object_key: str
    object_version: str | None = None
    ttl: int | None = None
