"""The store of migrations, on two implementations of S3."""

import json
import uuid
from typing import Any

import pytest

from grail.errors import GrailError
from grail.migrate.migration import checksum_of
from grail.migrate.store import Store
from tests import emulators
from tests.migrations import CENTS, cents, nick


@pytest.fixture(params=["moto", "ministack"])
def s3(request: pytest.FixtureRequest) -> Any:
    """Return a client of an implementation."""
    return emulators.client("s3", request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def bucket(s3: Any) -> str:
    """Return the name of an empty bucket."""
    name = f"b{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


def test_what_is_pushed_can_be_fetched(s3: Any, bucket: str) -> None:
    """Each file under its checksum, and one list; pushed again, nothing is written."""
    store = Store(s3, bucket=bucket)
    assert store.entries() == []
    first, second = cents("0001_cents"), nick("0002_nick")
    store.push([second, first], entries=[second.entry, first.entry], since=store.listing())
    assert store.entries() == [first.entry, second.entry]
    assert [store.fetch(entry).source for entry in store.entries()] == [first.source, second.source]
    found = {each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]}
    assert found == {"migrations/list.json", f"migrations/{first.checksum}.py", f"migrations/{second.checksum}.py"}
    before = s3.head_object(Bucket=bucket, Key="migrations/list.json")["LastModified"]
    store.push([first], entries=store.entries(), since=store.listing())
    assert s3.head_object(Bucket=bucket, Key="migrations/list.json")["LastModified"] == before


def test_an_edit_is_another_file(s3: Any, bucket: str) -> None:
    """The old one stays: what was applied can always be fetched."""
    store = Store(s3, bucket=bucket)
    first, edited = cents(), cents(source=CENTS + b"# edited")
    store.push([first], entries=[first.entry], since=store.listing())
    store.push([edited], entries=[edited.entry], since=store.listing())
    assert store.entries() == [edited.entry]
    assert store.fetch(first.entry).source == first.source


def test_of_two_who_push_at_once_one_is_told(s3: Any, bucket: str) -> None:
    """The list is written on the condition that it is the one that was read, or that there was none."""
    store = Store(s3, bucket=bucket)
    first, second = cents("0001_cents"), nick("0002_nick")
    for mine, theirs in (([first], [cents("0001_other")]), ([first, second], [first, nick("0002_other")])):
        other = [migration.entry for migration in theirs]
        read = store.listing()
        store.push(theirs, entries=other, since=read)
        with pytest.raises(GrailError, match="somebody else pushed just now"):
            store.push(mine, entries=[migration.entry for migration in mine], since=read)
        assert store.entries() == other


def test_a_file_that_is_not_its_checksum_is_refused(s3: Any, bucket: str) -> None:
    """By name, with both."""
    store = Store(s3, bucket=bucket)
    first = cents()
    store.push([first], entries=[first.entry], since=store.listing())
    s3.put_object(Bucket=bucket, Key=f"migrations/{first.checksum}.py", Body=b"evil")
    with pytest.raises(GrailError, match=r"^0001_cents\.py was tampered with") as refused:
        store.fetch(first.entry)
    assert first.checksum in str(refused.value)
    assert checksum_of(b"evil") in str(refused.value)
    s3.delete_object(Bucket=bucket, Key=f"migrations/{first.checksum}.py")
    with pytest.raises(GrailError, match=r"^0001_cents\.py is missing: there is no s3://"):
        store.fetch(first.entry)


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        "{}",
        '{"migrations": [{"name": "0001_a"}]}',
        '{"migrations": ["0001_a"]}',
        json.dumps({"migrations": [{"name": "0001_a", "checksum": "../secrets"}]}),
        json.dumps({"migrations": [{"name": "0001_a", "checksum": None}]}),
        json.dumps({"migrations": [{"name": "../a", "checksum": "0" * 64}]}),
    ],
)
def test_a_damaged_list_is_refused(s3: Any, bucket: str, document: str) -> None:
    """In one line, with where it is."""
    s3.put_object(Bucket=bucket, Key="migrations/list.json", Body=document.encode())
    with pytest.raises(GrailError, match=rf"^s3://{bucket}/migrations/list\.json is damaged") as refused:
        Store(s3, bucket=bucket).entries()
    assert "\n" not in str(refused.value)
