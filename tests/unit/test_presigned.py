"""Presigned URLs, as botocore signs them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from grail.localcloud import presigned
from grail.localcloud.s3_errors import S3Error

HOST = "127.0.0.1:1"
KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20).filter(
    lambda key: not {".", ".."} & set(key.split("/"))
)
"""botocore takes the dots out of a path before it signs and sends it."""


@cache
def s3(version: str) -> Any:
    """Return a client that presigns, and never sends."""
    config = Config(signature_version=version, s3={"addressing_style": "path"})
    session = boto3.Session("testing", "testing", "testing", region_name="us-east-1")
    return session.client("s3", endpoint_url=f"http://{HOST}", config=config)


def link(key: str = "a", *, seconds: int = 60, version: str = "s3v4", **parameters: str) -> str:
    """Return a URL that gets an object."""
    named = {"Bucket": "files", "Key": key, **parameters}
    return str(s3(version).generate_presigned_url("get_object", Params=named, ExpiresIn=seconds))


def refusal(url: str, *, after: int = 0, method: str = "GET", content_type: str | None = None) -> S3Error | None:
    """Return how a URL is refused, so many seconds from now; None if it is not."""
    parts = urlsplit(url)
    headers = {"host": HOST} | ({} if content_type is None else {"content-type": content_type})
    request = presigned.Request(method, parts.path, parts.query, headers)
    try:
        presigned.check(request, now=datetime.now(UTC) + timedelta(seconds=after))
    except S3Error as error:
        return error
    return None


@given(key=KEYS, filename=KEYS, content_type=KEYS)
def test_what_was_signed_passes(key: str, filename: str, content_type: str) -> None:
    """Whatever characters are in the key and in the parameters."""
    url = link(key, ResponseContentDisposition=f'attachment; filename="{filename}"', ResponseContentType=content_type)
    assert refusal(url) is None


def test_a_request_that_is_not_presigned_passes() -> None:
    """Whether it may is moto's to say."""
    assert refusal(f"http://{HOST}/files/a?response-content-type=text/html") is None


def test_a_header_that_was_signed_must_be_sent() -> None:
    """An upload's content type, for one."""
    parameters = {"Bucket": "files", "Key": "a", "ContentType": "image/png"}
    url = s3("s3v4").generate_presigned_url("put_object", Params=parameters)
    assert refusal(url, method="PUT", content_type="image/png") is None
    for sent in ("image/gif", None):
        assert code(refusal(url, method="PUT", content_type=sent)) == (403, "SignatureDoesNotMatch")


def code(refused: S3Error | None) -> tuple[int, str]:
    """Return the status and the code of what must be a refusal."""
    assert refused is not None
    return refused.status, str(refused.elements["Code"])


CHANGES: list[tuple[Callable[[str], str], int, str]] = [
    (lambda url: url.replace("/files/a", "/files/b"), 403, "SignatureDoesNotMatch"),
    (lambda url: url.replace("text%2Fplain", "text%2Fhtml"), 403, "SignatureDoesNotMatch"),
    (lambda url: url.replace("Expires=60", "Expires=6000"), 403, "SignatureDoesNotMatch"),
    (lambda url: url + "&versionId=1", 403, "SignatureDoesNotMatch"),
    (lambda url: url.replace("Expires=60", "Expires=604801"), 400, "InvalidArgument"),
    (lambda url: url.replace("Expires=60", "Expires=-1"), 400, "InvalidArgument"),
    (lambda url: url.replace("X-Amz-Date=", "X-Amz-Day="), 400, "InvalidArgument"),
    (lambda url: url.replace("Credential=testing", "Credential=AKIAIOSFODNN7EXAMPLE"), 403, "InvalidAccessKeyId"),
    (lambda url: url.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-MD5"), 400, "InvalidRequest"),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_what_was_changed_is_refused(number: int) -> None:
    """As S3 does."""
    change, *expected = CHANGES[number]
    url = link(ResponseContentType="text/plain")
    assert code(refusal(change(url))) == tuple(expected)
    assert code(refusal(url, method="DELETE")) == (403, "SignatureDoesNotMatch")


def test_a_url_expires() -> None:
    """At its time, and not before."""
    url = link(seconds=60)
    assert refusal(url, after=50) is None
    refused = refusal(url, after=61)
    assert code(refused) == (403, "AccessDenied")
    assert refused is not None
    assert refused.elements["Message"] == "Request has expired"


def test_an_old_signature_is_refused() -> None:
    """Signature Version 2, which botocore makes for us-east-1 unless it is told not to, and newer regions refuse."""
    assert code(refusal(link(version="s3"))) == (400, "InvalidRequest")
