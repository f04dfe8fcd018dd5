"""Uploads as a browser sends them."""

from collections.abc import Iterable

BOUNDARY = "----boundary7MA4YWxkTrZu0gW"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def multipart(fields: Iterable[tuple[str, str]], file: bytes | None, *, filename: str = "file") -> bytes:
    """Return the body of a form (RFC 7578); with the file last, unless there is none."""
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields]
    if file is not None:
        head = f'Content-Disposition: form-data; name="file"; filename="{filename}"\r\nContent-Type: x/ignored\r\n\r\n'
        parts.append(head.encode() + file)
    body = b"".join(f"--{BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts)
    return body + f"--{BOUNDARY}--\r\n".encode()
