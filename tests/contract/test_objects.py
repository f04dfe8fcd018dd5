"""What every bucket does alike, and what its forms and links allow."""

import base64
import io
import json
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.repositories.objects import Objects, S3Objects
from grail.localcloud.services import REGION
from tests import emulators
from tests.fakes import MemoryObjects

KEY = "documents/p/d/x"


@dataclass
class Bucket:
    """A bucket, and what is in it."""

    objects: Objects
    kept: Callable[[], dict[str, bytes]]


@pytest.fixture(params=["memory", "moto", "ministack"])
def bucket(request: pytest.FixtureRequest) -> Bucket:
    """Return an empty bucket."""
    if request.param == "memory":
        objects = MemoryObjects()
        return Bucket(objects, lambda: objects.kept)
    s3, name = emulators.client("s3", request.getfixturevalue(f"{request.param}_url")), f"files-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)

    def kept() -> dict[str, bytes]:
        found = s3.list_objects_v2(Bucket=name).get("Contents", ())
        return {each["Key"]: s3.get_object(Bucket=name, Key=each["Key"])["Body"].read() for each in found}

    return Bucket(S3Objects(name, client=s3), kept)


def test_what_is_put_is_there(bucket: Bucket) -> None:
    """Put again, it is the later one."""
    for body in (b"one", b"two"):
        bucket.objects.put(KEY, io.BytesIO(body), content_type="text/plain")
        assert bucket.kept() == {KEY: body}


def test_what_is_deleted_is_gone(bucket: Bucket) -> None:
    """Deleted again, it stays so; others stay."""
    bucket.objects.put(KEY, io.BytesIO(b"one"), content_type="text/plain")
    bucket.objects.put("other", io.BytesIO(b"two"), content_type="text/plain")
    for _ in range(2):
        bucket.objects.delete(KEY, version=None)
        assert bucket.kept() == {"other": b"two"}


# Forms and links, made without a call


@pytest.fixture
def objects(monkeypatch: pytest.MonkeyPatch) -> S3Objects:
    """Return a bucket with the app's own client, that nobody calls."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return S3Objects("files")


def policy(fields: dict[str, str]) -> Any:
    return json.loads(base64.b64decode(fields["policy"]))


def test_a_form_is_for_one_key_type_and_size(objects: S3Objects) -> None:
    """S3 refuses what is not in its signed conditions, and all that is in them it demands."""
    _, fields = objects.upload_form(KEY, content_type="text/plain", size=11, seconds=900)
    conditions = policy(fields)["conditions"]
    assert {"bucket": "files"} in conditions
    assert {"key": KEY} in conditions
    assert {"Content-Type": "text/plain"} in conditions
    assert ["content-length-range", 11, 11] in conditions
    assert (fields["key"], fields["Content-Type"]) == (KEY, "text/plain")


def test_every_field_of_a_form_has_its_condition(objects: S3Objects) -> None:
    """A field that no condition allows makes S3 refuse the form."""
    _, fields = objects.upload_form(KEY, content_type="text/plain", size=11, seconds=900)
    allowed = {name for each in policy(fields)["conditions"] if isinstance(each, dict) for name in each}
    assert {name for name in fields if name not in {"policy", "x-amz-signature"}} <= allowed


def test_a_link_saves_under_the_files_name(objects: S3Objects) -> None:
    """Whatever the name: none of its characters gets out of the header's value."""
    for filename in ("tea.txt", 'a"b.txt', "a;b\r\nc", "é😀.txt", "a'b", "100%.txt"):
        url = objects.download_link(KEY, version=None, filename=filename, seconds=900)
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
        [disposition] = query["response-content-disposition"]
        kind, _, value = disposition.partition("; filename*=UTF-8''")
        assert kind == "attachment"
        assert urllib.parse.unquote(value) == filename
        assert value.isascii()
        assert not set(value) & set("\"'; \r\n")
        assert [*query["X-Amz-Expires"], urllib.parse.urlsplit(url).path.endswith(KEY)] == ["900", True]


def test_a_form_ends(objects: S3Objects) -> None:
    """When it says: two of different lives end at different times."""
    ends = [
        policy(objects.upload_form(KEY, content_type="text/plain", size=11, seconds=seconds)[1])["expiration"]
        for seconds in (900, 90_000)
    ]
    assert ends[0] < ends[1]


def test_a_link_is_to_one_version(objects: S3Objects) -> None:
    """Which nobody can write over."""
    url = objects.download_link(KEY, version="v1", filename="a", seconds=900)
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["versionId"] == ["v1"]
