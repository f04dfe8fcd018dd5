"""A stage's migrations in its bucket: each file under its checksum, for good, and one list of which they are."""

import base64
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from grail.errors import GrailError
from grail.migrate.migration import Entry, Migration, checksum_of, number_of, read

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "migrations/"
"""Of the keys. Nothing in the bucket's lifecycle, and no function's policy, may reach it."""
_LIST = f"{PREFIX}list.json"
_CHECKSUM = re.compile("[0-9a-f]{64}")


class Listing(NamedTuple):
    """The list as it was read, in the order of the versions, and what it is matched by; None where there was none."""

    entries: list[Entry]
    tag: str | None


class Store:
    """The migrations in a bucket. Every method may raise botocore's errors."""

    def __init__(self, s3: "S3Client", *, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def listing(self) -> Listing:
        """Return the list. Raises GrailError where it is damaged."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=_LIST)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return Listing([], None)
            raise
        try:
            entries = [_entry(**entry) for entry in json.loads(found["Body"].read())["migrations"]]
        except (GrailError, KeyError, TypeError, ValueError) as error:
            message = f"s3://{self._bucket}/{_LIST} is damaged ({error}); the bucket has its earlier versions"
            raise GrailError(message) from error
        return Listing(sorted(entries), found["ETag"])

    def entries(self) -> list[Entry]:
        """Return the list's entries. Raises GrailError where it is damaged."""
        return self.listing().entries

    def fetch(self, entry: Entry) -> Migration:
        """Return a migration. Raises GrailError where its file is missing, or is not what its checksum says."""
        try:
            source = self._s3.get_object(Bucket=self._bucket, Key=_key(entry.checksum))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            message = f"{entry.name}.py is missing: there is no s3://{self._bucket}/{_key(entry.checksum)}"
            raise GrailError(message) from error
        if checksum_of(source) != entry.checksum:
            message = (
                f"{entry.name}.py was tampered with in s3://{self._bucket}: its checksum must be {entry.checksum} "
                f"and is {checksum_of(source)}"
            )
            raise GrailError(message)
        return read(entry.name, source)

    def push(self, migrations: Sequence[Migration], *, entries: Sequence[Entry], since: Listing) -> None:
        """Store files, then the list that names them. Raises GrailError where the list has changed `since`."""
        for migration in migrations:
            digest = base64.b64encode(bytes.fromhex(migration.checksum)).decode()
            self._put(_key(migration.checksum), migration.source, "text/x-python", ChecksumSHA256=digest)
        condition = {"IfNoneMatch": "*"} if since.tag is None else {"IfMatch": since.tag}
        document = {"migrations": [entry._asdict() for entry in sorted(entries)]}
        changed = sorted(entries) != since.entries
        if changed and not self._put(_LIST, json.dumps(document, indent=2).encode(), "application/json", **condition):
            message = "somebody else pushed just now; pull, then push again"
            raise GrailError(message)

    def _put(self, key: str, body: bytes, content_type: str, **conditions: Any) -> bool:  # noqa: ANN401 - boto3's
        """Write an object, unless one is there that must not be; tell whether it was written."""
        conditions = conditions if "IfMatch" in conditions else {**conditions, "IfNoneMatch": "*"}
        try:
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **conditions)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"PreconditionFailed", "ConditionalRequestConflict"}:
                raise
            return False
        return True


def _entry(name: str, checksum: str) -> Entry:
    """Return an entry. Raises GrailError, TypeError, ValueError for what is none."""
    number_of(name)
    if not _CHECKSUM.fullmatch(checksum):
        message = f"{checksum!r} is no checksum"
        raise ValueError(message)
    return Entry(name, checksum)


def _key(checksum: str) -> str:
    return f"{PREFIX}{checksum}.py"
