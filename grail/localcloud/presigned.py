"""Presigned URLs of S3, which moto lets through though they are expired or changed.

Source: S3 API Reference, "Authenticating requests: using query parameters".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote

from grail.localcloud import signatures
from grail.localcloud.s3_errors import AccessDeniedError, InvalidArgumentError

_WEEK = 7 * 24 * 60 * 60
_OLD = {"AWSAccessKeyId", "Signature", "Expires"}


class Request(NamedTuple):
    """A request: its path and query as they came, and its headers, whose names are in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def check(request: Request, *, now: datetime) -> None:
    """Raise S3Error for a presigned request that is expired, or not what was signed; others pass."""
    parameters = dict(parse_qsl(request.query, keep_blank_values=True))
    if parameters.keys() >= _OLD:
        raise signatures.old_version()
    if "X-Amz-Signature" not in parameters:
        return
    for name in ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders"):
        if name not in parameters:
            message = f"Query-string authentication requires the {name} parameter"
            raise InvalidArgumentError(message, name=name)
    if parameters["X-Amz-Algorithm"] != signatures.ALGORITHM:
        raise signatures.old_version()
    scope = signatures.scope(parameters["X-Amz-Credential"])
    began = signatures.moment(parameters["X-Amz-Date"], of=scope)
    seconds = parameters["X-Amz-Expires"]
    if not seconds.isdecimal() or not 0 < int(seconds) <= _WEEK:
        message = "X-Amz-Expires must be a number of seconds, at most a week"
        raise InvalidArgumentError(message, name="X-Amz-Expires", value=seconds)
    ends = began + timedelta(seconds=int(seconds))
    if now >= ends:
        message = "Request has expired"
        raise AccessDeniedError(message, Expires=_iso(ends), ServerTime=_iso(now))
    text = "\n".join((
        signatures.ALGORITHM, parameters["X-Amz-Date"], str(scope),
        sha256(_canonical(request, parameters["X-Amz-SignedHeaders"]).encode()).hexdigest(),
    ))  # fmt: skip
    scope.check(text, parameters["X-Amz-Signature"])


def _canonical(request: Request, signed: str) -> str:
    """Return the canonical request, whose payload is not signed."""
    pairs = parse_qsl(request.query, keep_blank_values=True)
    query = sorted((_quote(name), _quote(value)) for name, value in pairs if name != "X-Amz-Signature")
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed.split(";")]
    path = quote(unquote(request.path), safe="/-_.~")
    joined = "&".join(f"{name}={value}" for name, value in query)
    return "\n".join((request.method, path, joined, "".join(headers), signed, "UNSIGNED-PAYLOAD"))


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
