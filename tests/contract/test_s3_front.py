"""A browser's uploads and downloads, on the embedded AWS, with the bucket of the template."""

import hashlib
import json
import urllib.error
import urllib.request
import uuid
from email.message import Message
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from grail.localcloud import moto_properties
from grail.localcloud.services import REGION, Embedded
from grail.stack import data
from tests.uploads import CONTENT_TYPE, multipart

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ORIGIN = "https://www.example.com"
QUEUES = {"events": {"receives": 5, "visibility_seconds": 30}}


class Stage:
    """A stage with a bucket, and a queue that is told of what is stored."""

    def __init__(self, url: str) -> None:
        self.name = f"t{uuid.uuid4().hex[:12]}"
        template = data.template(
            app="shop", stage=self.name, table=None, queues=QUEUES, bucket={"cors": "ORIGINS"}, origins=[ORIGIN]
        )
        session = boto3.Session("testing", "testing", "testing", region_name=REGION)
        session.client("cloudformation", endpoint_url=url).create_stack(
            StackName=self.name, TemplateBody=json.dumps(template)
        )
        moto_properties.apply(template)
        self.bucket = data.bucket_name("shop", self.name)
        self.s3: S3Client = session.client("s3", endpoint_url=url, config=Config(signature_version="s3v4"))
        self._sqs = session.client("sqs", endpoint_url=url)
        queue = data.queue_name("shop", self.name, "events")
        self._queue_url = self._sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        events = session.client("events", endpoint_url=url)
        pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [self.bucket]}}}
        events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        arn = f"arn:aws:sqs:{REGION}:123456789012:{queue}"
        events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": arn}])

    def form(self, key: str, **fields: str) -> tuple[str, dict[str, str]]:
        """Return the URL and the fields of a form for two to nine bytes."""
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", 2, 9])
        form = self.s3.generate_presigned_post(self.bucket, key, Fields=dict(fields), Conditions=conditions)
        return form["url"], form["fields"]

    def told(self) -> list[Any]:
        """Return the events that arrived."""
        received = self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in received]


@pytest.fixture
def stage(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Create a stage."""
    for name, value in Embedded(moto_url, "dev", 1, 1).environment().items():
        monkeypatch.setenv(name, value)
    return Stage(moto_url)


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere."""

    def redirect_request(self, *_: Any) -> None:
        """Let the redirect be the answer."""


def send(
    url: str, body: bytes | None = None, *, origin: str | None = None, content_type: str = CONTENT_TYPE
) -> tuple[int, "Message[str, str]", str]:
    """Send a form, or get a URL; return the answer's status, headers and text."""
    headers = {"Content-Type": content_type} if body is not None else {}
    request = urllib.request.Request(url, body, headers | ({"Origin": origin} if origin else {}))
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=120) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def test_an_upload_is_stored_and_told_of(stage: Stage) -> None:
    """With the form's type, its metadata and its MD5; S3's event says that it was a form."""
    url, fields = stage.form("d/${filename}", **{"Content-Type": "image/png", "x-amz-meta-note": "n"})
    status, headers, body = send(url, multipart(fields.items(), b"12345", filename="a b.png"), origin=ORIGIN)
    md5 = hashlib.md5(b"12345", usedforsecurity=False).hexdigest()
    assert (status, headers["ETag"], body) == (204, f'"{md5}"', "")
    assert headers["Location"] == f"{url}/d/a%20b.png"
    assert headers["Access-Control-Allow-Origin"] == ORIGIN
    found = stage.s3.get_object(Bucket=stage.bucket, Key="d/a b.png")
    assert (found["ContentType"], found["Metadata"], found["ETag"]) == ("image/png", {"note": "n"}, f'"{md5}"')
    assert (found["Body"].read(), found["ServerSideEncryption"]) == (b"12345", "AES256")
    [event] = stage.told()
    assert (event["detail-type"], event["detail"]["reason"]) == ("Object Created", "POST Object")
    about = event["detail"]["object"]
    assert (about["key"], about["size"], about["etag"]) == ("d/a b.png", 5, md5)


@pytest.mark.parametrize(("wish", "status"), [("200", 200), ("201", 201), ("204", 204), ("500", 204)])
def test_the_form_says_how_it_is_answered(stage: Stage, wish: str, status: int) -> None:
    """With 201, where it is is told in XML."""
    url, fields = stage.form("a", success_action_status=wish)
    answered, _, body = send(url, multipart(fields.items(), b"12345"))
    assert answered == status
    assert (f"<Location>{url}/a</Location>" in body) is (status == 201)


def test_the_form_may_send_the_browser_on(stage: Stage) -> None:
    """With what was stored."""
    url, fields = stage.form("a", success_action_redirect="https://www.example.com/done?x=1")
    status, headers, _ = send(url, multipart(fields.items(), b"12345"))
    assert status == 303
    assert headers["Location"].startswith(f"https://www.example.com/done?x=1&bucket={stage.bucket}&key=a&etag=%22")


def test_what_is_refused_is_not_stored(stage: Stage) -> None:
    """A page can read why; nobody is told of it."""
    url, fields = stage.form("a")
    status, headers, body = send(url, multipart(fields.items(), b"1234567890"), origin=ORIGIN)
    assert (status, headers["Access-Control-Allow-Origin"]) == (400, ORIGIN)
    assert "<Code>EntityTooLarge</Code>" in body
    assert stage.s3.list_objects_v2(Bucket=stage.bucket)["KeyCount"] == 0
    assert stage.told() == []


def test_pages_of_other_origins_read_no_answer(stage: Stage) -> None:
    """As the bucket's rule says, which the template sets."""
    url, fields = stage.form("a")
    _, headers, _ = send(url, multipart(fields.items(), b"12345"), origin="https://evil.example.com")
    assert "Access-Control-Allow-Origin" not in headers


def test_there_must_be_a_bucket(stage: Stage) -> None:
    """A form for another is signed, and goes nowhere."""
    form = stage.s3.generate_presigned_post("nobodys", "a")
    status, _, body = send(form["url"], multipart(form["fields"].items(), b"12345"))
    assert (status, "<Code>NoSuchBucket</Code>" in body) == (404, True)


def test_a_download_is_named_by_its_link(stage: Stage) -> None:
    """And has the type that the link says."""
    stage.s3.put_object(Bucket=stage.bucket, Key="ü/a b", Body=b"12345", ContentType="image/png")
    disposition = "attachment; filename*=UTF-8''x%20y.png"
    named = {"ResponseContentDisposition": disposition, "ResponseContentType": "application/octet-stream"}
    link = stage.s3.generate_presigned_url("get_object", Params={"Bucket": stage.bucket, "Key": "ü/a b", **named})
    status, headers, body = send(link)
    assert (status, body, headers["Content-Disposition"]) == (200, "12345", disposition)
    assert headers["Content-Type"] == "application/octet-stream"


def test_a_link_that_was_changed_opens_nothing(stage: Stage) -> None:
    """Nor does the same without its signature."""
    for key in ("a", "b"):
        stage.s3.put_object(Bucket=stage.bucket, Key=key, Body=b"12345")
    link = stage.s3.generate_presigned_url("get_object", Params={"Bucket": stage.bucket, "Key": "a"})
    assert send(link)[0] == 200
    assert send(link.replace("/a?", "/b?"))[0] == 403
    assert send(link.partition("?")[0])[0] == 403
