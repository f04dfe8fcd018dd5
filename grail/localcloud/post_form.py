"""The form with which a browser uploads a file to S3 (S3 API Reference, "Browser-based uploads using POST")."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from grail.localcloud.s3_errors import InvalidArgumentError, S3Error


class PostForm(NamedTuple):
    """A form: its fields, whose names are in small letters, and the file."""

    fields: Mapping[str, str]
    file: bytes


def read(body: bytes, content_type: str) -> PostForm:
    """Read a body up to the file, below which S3 ignores everything. Raises S3Error."""
    fields: dict[str, str] = {}
    for name, filename, value in _parts(body, content_type):
        if name == "file":
            return PostForm({name: _expanded(text, filename) for name, text in fields.items()}, value)
        if name in fields:  # which of them would count is not documented
            message = f"Bucket POST must contain only one field named '{name}'"
            raise InvalidArgumentError(message, name=name)
        try:
            fields[name] = value.decode()
        except UnicodeDecodeError as error:
            raise _malformed() from error
    message = "POST requires exactly one file upload per request."
    raise S3Error(400, "IncorrectNumberOfFilesInPostRequest", message)


def _parts(body: bytes, content_type: str) -> Iterator[tuple[str, str, bytes]]:
    """Return the name, the file's name and the value of each part."""
    boundary = parse_options_header(content_type)[1].get("boundary")
    if not boundary:
        raise _malformed()
    decoder = MultipartDecoder(boundary.encode())
    name = filename = ""
    value = b""
    try:
        decoder.receive_data(body)
        decoder.receive_data(None)
        while not isinstance(event := decoder.next_event(), Epilogue):
            match event:
                case File() | Field():
                    name = event.name.lower()
                    filename = event.filename if isinstance(event, File) else ""
                    value = b""
                case Data():
                    value += event.data
                    if not event.more_data:
                        yield name, filename, value
    except (ValueError, AttributeError) as error:  # a part without a name has None
        raise _malformed() from error


def _expanded(text: str, filename: str) -> str:
    """Put in the file's name, without the folders that some browsers send."""
    return text.replace("${filename}", filename.replace("\\", "/").rpartition("/")[2])


def _malformed() -> S3Error:
    return S3Error(400, "MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")
