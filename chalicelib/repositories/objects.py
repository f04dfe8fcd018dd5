"""The stage's bucket in S3: the only module that calls S3. Forms and links are made here, without a call."""

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol
from urllib.parse import quote

import boto3
from botocore.config import Config

from chalicelib.repositories.attempts import CONFIG, Attempts

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DOCUMENTS, REPORTS = "documents/", "reports/"
"""The prefixes of keys."""

BUCKET = {"expire_days": {REPORTS: 400}, "cors": "CORS_ORIGINS"}
"""What `grail.stack` makes the bucket from (registered in pyproject.toml): which prefixes' objects go after how many
days, and the environment variable with the origins whose pages may send and fetch files."""


class Objects(Protocol):
    """A bucket. `put` and `delete` may raise UnavailableError."""

    def upload_form(self, key: str, *, content_type: str, size: int, seconds: int) -> tuple[str, dict[str, str]]:
        """Return the URL and the fields of a form that uploads exactly this, for so many seconds."""

    def download_link(self, key: str, *, version: str | None, filename: str, seconds: int) -> str:
        """Return a URL that downloads a version of an object under a name, for so many seconds."""

    def put(self, key: str, body: BinaryIO, *, content_type: str) -> None:
        """Write an object."""

    def delete(self, key: str, *, version: str | None) -> None:
        """Delete a version of an object, if it is there."""


class S3Objects:
    """`Objects` in S3. Safe to use from several threads."""

    def __init__(
        self, bucket: str, *, client: "S3Client | None" = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._bucket = bucket
        self._given = client
        self._attempts = Attempts("file store", sleep=sleep)

    def upload_form(self, key: str, *, content_type: str, size: int, seconds: int) -> tuple[str, dict[str, str]]:
        """Presign a POST: S3 refuses any other key, type or size."""
        form = self._client.generate_presigned_post(
            self._bucket,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", size, size]],
            ExpiresIn=seconds,
        )
        return form["url"], form["fields"]

    def download_link(self, key: str, *, version: str | None, filename: str, seconds: int) -> str:
        """Presign a GET that saves the file, and never shows it: what was uploaded is not our page (RFC 6266)."""
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        parameters = {"ResponseContentDisposition": disposition, **self._named(key, version)}
        return str(self._client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=seconds))

    def put(self, key: str, body: BinaryIO, *, content_type: str) -> None:
        """PutObject."""

        def send(**parameters: Any) -> Mapping[str, Any]:  # noqa: ANN401 - boto3's parameters
            body.seek(0)  # an earlier attempt may have read it
            answer: Mapping[str, Any] = self._client.put_object(Body=body, **parameters)
            return answer

        self._attempts.call(send, Bucket=self._bucket, Key=key, ContentType=content_type)

    def delete(self, key: str, *, version: str | None) -> None:
        """DeleteObject, which succeeds for one that is not there; of a version, it is for good."""
        self._attempts.call(self._client.delete_object, **self._named(key, version))

    def _named(self, key: str, version: str | None) -> dict[str, Any]:
        named = {"Bucket": self._bucket, "Key": key}
        return named if version is None else {**named, "VersionId": version}

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - boto3's
        """The client: made when it is needed, which in most invocations it is not."""
        return self._given or boto3.client("s3", config=CONFIG.merge(Config(signature_version="s3v4")))
