"""Signature Version 4 (IAM User Guide), checked with the credentials that the embedded AWS gives."""

import hashlib
import hmac
from datetime import UTC, datetime
from typing import NamedTuple

from grail.localcloud.s3_errors import InvalidArgumentError, S3Error

ALGORITHM = "AWS4-HMAC-SHA256"
_KEY = _SECRET = "testing"  # noqa: S105 - what every client of the embedded AWS has (services.Embedded)


class Scope(NamedTuple):
    """What a credential holds for: a day, a region and a service."""

    day: str
    region: str
    service: str

    def __str__(self) -> str:
        return "/".join((*self, "aws4_request"))

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        key = f"AWS4{_SECRET}".encode()
        for part in (*self, "aws4_request"):
            key = _hmac(key, part)
        return _hmac(key, text).hex()

    def check(self, text: str, signature: str) -> None:
        """Raise S3Error unless it is the signature of a text."""
        if not hmac.compare_digest(self.sign(text).encode(), signature.encode()):
            message = (
                "The request signature we calculated does not match the signature you provided. "
                "Check your key and signing method."
            )
            raise S3Error(403, "SignatureDoesNotMatch", message, SignatureProvided=signature)


def scope(credential: str) -> Scope:
    """Return what a credential holds for. Raises S3Error for one that is none, or nobody's here."""
    match credential.split("/"):
        case [key, day, region, "s3", "aws4_request"] if key == _KEY:
            return Scope(day, region, "s3")
        case [_, _, _, "s3", "aws4_request"]:
            message = "The AWS Access Key Id you provided does not exist in our records."
            raise S3Error(403, "InvalidAccessKeyId", message)
    message = 'The credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
    raise InvalidArgumentError(message, name="X-Amz-Credential", value=credential)


def moment(text: str, *, of: Scope) -> datetime:
    """Return the moment of X-Amz-Date, which must be on its scope's day. Raises S3Error."""
    try:
        found = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        message = "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        raise InvalidArgumentError(message, name="X-Amz-Date", value=text) from error
    if not text.startswith(of.day):
        message = f"Invalid credential date {of.day}. This date is not the same as X-Amz-Date."
        raise InvalidArgumentError(message, name="X-Amz-Credential", value=str(of))
    return found


def old_version() -> S3Error:
    """Return the refusal of Signature Version 2, which newer regions don't take: nor should an app make it."""
    message = f"The authorization mechanism you have provided is not supported. Please use {ALGORITHM}."
    return S3Error(400, "InvalidRequest", message)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
