"""Uploads by form: those that a policy allows, and each way not to be one. botocore signs them."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from grail.localcloud import post_form, post_policy, signatures
from grail.localcloud.post_form import PostForm
from grail.localcloud.s3_errors import S3Error
from tests.uploads import BOUNDARY, CONTENT_TYPE, multipart

BUCKET = "shop-dev-files"
SECONDS = 600
SIGNED = ("algorithm", "credential", "date", "signature")


@cache
def s3() -> Any:
    """Return a client that presigns, and never sends."""
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    session = boto3.Session("testing", "testing", "testing", region_name="us-east-1")
    return session.client("s3", endpoint_url="http://127.0.0.1:1", config=config)


@dataclass(frozen=True)
class Upload:
    """A presigned form as it is sent: its fields in small letters, and the file."""

    fields: dict[str, str]
    file: bytes
    bucket: str = BUCKET
    after: timedelta = field(default_factory=timedelta)

    def refusal(self) -> S3Error | None:
        """Return how it is refused; None if it is not."""
        try:
            post_policy.check(PostForm(self.fields, self.file), bucket=self.bucket, now=datetime.now(UTC) + self.after)
        except S3Error as error:
            return error
        return None

    def with_fields(self, **changed: str | None) -> "Upload":
        """Return it with other fields; None takes one away. `_` is a hyphen."""
        named = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = {name: value for name, value in self.fields.items() if name not in named}
        return replace(self, fields=kept | {name: value for name, value in named.items() if value is not None})


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12)
NAMES = st.from_regex(r"x-amz-meta-[a-z]{1,8}", fullmatch=True)


@st.composite
def uploads(draw: st.DrawFn) -> Upload:
    """Return an upload that its policy allows: each field with a condition of a drawn kind, and a range of sizes."""
    wanted = draw(st.dictionaries(NAMES, TEXTS, max_size=3))
    wanted["Content-Type"] = draw(st.sampled_from(["image/png", "text/plain; charset=utf-8", "application/pdf"]))
    conditions: list[Any] = []
    for name, value in wanted.items():
        end = draw(st.integers(1, len(value)))
        spelled = draw(st.sampled_from([name, name.upper()]))
        kinds: list[Any] = [{spelled: value}, ["eq", f"${spelled}", value], ["starts-with", f"${spelled}", value[:end]]]
        conditions.append(draw(st.sampled_from(kinds)))
    file = draw(st.binary(min_size=1, max_size=60))
    least, most = draw(st.integers(1, len(file))), draw(st.integers(len(file), 99))
    conditions.append(["content-length-range", least, most])
    key = draw(TEXTS)
    form = s3().generate_presigned_post(BUCKET, key, Fields=dict(wanted), Conditions=conditions, ExpiresIn=SECONDS)
    return Upload({name.lower(): value for name, value in form["fields"].items()}, file)


def resigned(upload: Upload, change: Callable[[dict[str, Any]], object]) -> Upload:
    """Return an upload with another policy, signed as the app might have."""
    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    change(policy)
    return with_policy(upload, json.dumps(policy).encode())


def with_policy(upload: Upload, policy: bytes) -> Upload:
    """Return an upload with another policy, be it one or not, signed."""
    encoded = base64.b64encode(policy).decode()
    signature = signatures.scope(upload.fields["x-amz-credential"]).sign(encoded)
    return upload.with_fields(policy=encoded, x_amz_signature=signature)


@given(uploads())
def test_what_a_policy_allows_passes(upload: Upload) -> None:
    """Exactly matched or by its beginning, in small letters or capitals; what starts with x-ignore- needs nothing."""
    assert upload.refusal() is None
    assert upload.with_fields(x_ignore_me="anything").refusal() is None


def smallest(upload: Upload) -> int:
    """Return the least size that an upload's policy allows."""
    conditions = json.loads(base64.b64decode(upload.fields["policy"]))["conditions"]
    [least] = [found[1] for found in conditions if isinstance(found, list) and found[0] == "content-length-range"]
    return int(least)


VIOLATIONS: dict[str, tuple[Callable[[Upload], Upload], int, str, str]] = {
    "another type": (lambda u: u.with_fields(content_type="x/y"), 403, "AccessDenied", "Condition failed"),
    "no type": (lambda u: u.with_fields(content_type=None), 403, "AccessDenied", "Condition failed"),
    "another key": (lambda u: u.with_fields(key=u.fields["key"] + "x"), 403, "AccessDenied", "Condition failed"),
    "another bucket": (lambda u: replace(u, bucket="other"), 403, "AccessDenied", "Condition failed"),
    "another token": (lambda u: u.with_fields(x_amz_security_token="x"), 403, "AccessDenied", "Condition failed"),
    "a field more": (lambda u: u.with_fields(acl="public-read"), 403, "AccessDenied", "Extra input fields: acl"),
    "too late": (lambda u: replace(u, after=timedelta(seconds=SECONDS + 1)), 403, "AccessDenied", "Policy expired."),
    "too large": (lambda u: replace(u, file=b"x" * 100), 400, "EntityTooLarge", "exceeds"),
    "too small": (lambda u: replace(u, file=b"x" * (smallest(u) - 1)), 400, "EntityTooSmall", "smaller"),
    "not signed so": (lambda u: u.with_fields(x_amz_signature="0" * 64), 403, "SignatureDoesNotMatch", "signature"),
    "not in ASCII": (lambda u: u.with_fields(x_amz_signature="é"), 403, "SignatureDoesNotMatch", "signature"),
    "another day": (lambda u: u.with_fields(x_amz_date="20200101T000000Z"), 400, "InvalidArgument", "date"),
    "no date": (lambda u: u.with_fields(x_amz_date="today"), 400, "InvalidArgument", "ISO8601"),
    "no credential": (lambda u: u.with_fields(x_amz_credential="testing"), 400, "InvalidArgument", "credential"),
    "another algorithm": (lambda u: u.with_fields(x_amz_algorithm="AWS4-HMAC-MD5"), 400, "InvalidRequest", "use AWS4"),
    "an old signature": (lambda u: u.with_fields(signature="x"), 400, "InvalidRequest", "use AWS4"),
}


@pytest.mark.parametrize("violation", VIOLATIONS)
@given(data=st.data())
def test_each_single_violation_is_refused(violation: str, data: st.DataObject) -> None:
    """With the status, the code and the words of S3."""
    change, status, code, words = VIOLATIONS[violation]
    refusal = change(data.draw(uploads())).refusal()
    assert refusal is not None
    assert (refusal.status, refusal.elements["Code"]) == (status, code)
    assert words in str(refusal.elements["Message"])


def sample() -> Upload:
    """Return an upload of five bytes."""
    form = s3().generate_presigned_post(
        BUCKET, "a", Conditions=[["content-length-range", 2, 9]], ExpiresIn=SECONDS
    )  # fmt: skip
    return Upload(form["fields"], b"12345")


def refused(upload: Upload) -> S3Error:
    """Return the refusal of an upload that must be refused."""
    refusal = upload.refusal()
    assert refusal is not None
    return refusal


@pytest.mark.parametrize("name", ["key", "policy", *(f"x-amz-{name}" for name in SIGNED)])
def test_a_form_needs_these_fields(name: str) -> None:
    """The one that is missing is named."""
    refusal = refused(sample().with_fields(**{name: None}))
    assert (refusal.status, refusal.elements["Code"]) == (400, "InvalidArgument")
    assert (refusal.elements["ArgumentName"], f"'{name}'" in str(refusal.elements["Message"])) == (name, True)


def test_nobody_uploads_without_a_policy() -> None:
    """The bucket is nobody's to write to."""
    assert refused(Upload({"key": "a"}, b"1")).elements == {"Code": "AccessDenied", "Message": "Access Denied"}


def test_a_changed_policy_is_not_what_was_signed() -> None:
    """A client that lets itself have more is refused."""
    upload = sample()
    policy = json.loads(base64.b64decode(upload.fields["policy"]))
    policy["conditions"][0][2] = 10**9
    changed = base64.b64encode(json.dumps(policy).encode()).decode()
    assert refused(upload.with_fields(policy=changed)).elements["Code"] == "SignatureDoesNotMatch"


def test_the_bucket_is_the_one_it_is_sent_to() -> None:
    """Whatever a field of that name says."""
    claimed = replace(sample(), bucket="other").with_fields(bucket=BUCKET)
    assert 'Policy Condition failed: ["eq", "$bucket"' in str(refused(claimed).elements["Message"])


def test_a_policy_is_in_base64_alone() -> None:
    """With a character of another alphabet in it, it is none, though it is signed so."""
    encoded = f"{sample().fields['policy'][:8]}~{sample().fields['policy'][8:]}"
    signature = signatures.scope(sample().fields["x-amz-credential"]).sign(encoded)
    refusal = refused(sample().with_fields(policy=encoded, x_amz_signature=signature))
    assert refusal.elements["Code"] == "InvalidPolicyDocument"


def test_the_key_of_another_account_is_unknown() -> None:
    """Whatever it signed."""
    credential = sample().fields["x-amz-credential"].replace("testing", "AKIAIOSFODNN7EXAMPLE")
    refusal = refused(sample().with_fields(x_amz_credential=credential))
    assert (refusal.status, refusal.elements["Code"]) == (403, "InvalidAccessKeyId")


def test_sizes_are_told() -> None:
    """What was proposed, and what may be; the ends of the range may be."""
    upload = sample()
    assert [replace(upload, file=b"x" * size).refusal() for size in (2, 9)] == [None, None]
    large = refused(replace(upload, file=b"x" * 10)).elements
    small = refused(replace(upload, file=b"x")).elements
    assert (large["ProposedSize"], large["MaxSizeAllowed"]) == (10, 9)
    assert (small["ProposedSize"], small["MinSizeAllowed"]) == (1, 2)


def test_a_failed_condition_is_shown_as_it_is() -> None:
    """As S3 writes it, so that who reads it finds it in the policy."""
    refusal = refused(sample().with_fields(key="b"))
    assert refusal.elements["Message"] == 'Invalid according to Policy: Policy Condition failed: ["eq", "$key", "a"]'
    assert b"<Code>AccessDenied</Code>" in refusal.document()


@pytest.mark.parametrize(
    ("value", "passes"), [("image/a", True), ("image/a,image/b", True), ("image/a, text/b", False), (None, False)]
)
def test_each_of_a_list_of_types_begins_so(value: str | None, passes: bool) -> None:  # noqa: FBT001 - a table of cases
    """A field that is not there begins with nothing, not even with an empty text."""
    begins = ["starts-with", "$Content-Type", "" if value is None else "image/"]
    upload = resigned(sample(), lambda policy: policy["conditions"].append(begins)).with_fields(content_type=value)
    assert (upload.refusal() is None) is passes


@pytest.mark.parametrize(
    "policy",
    [
        b"nonsense",
        b"[]",
        b"7",
        b"{}",
        b'{"expiration": 7, "conditions": []}',
        b'{"expiration": "soon", "conditions": []}',
        b'{"expiration": "2999-01-01T00:00:00", "conditions": []}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": {}}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": ["key"]}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": [["eq", "key", "a"]]}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": [["in", "$key", "a"]]}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": [["content-length-range", 1]]}',
        b'{"expiration": "2999-01-01T00:00:00Z", "conditions": [["content-length-range", "a", "b"]]}',
        b"\xff",
    ],
)
def test_what_is_no_policy_is_refused(policy: bytes) -> None:
    """Though it is signed."""
    refusal = refused(with_policy(sample(), policy))
    assert (refusal.status, refusal.elements["Code"]) == (400, "InvalidPolicyDocument")


def test_a_range_of_sizes_is_no_condition_of_a_field() -> None:
    """Its numbers name nothing."""
    assert "Extra input fields: 2" in str(refused(sample().with_fields(**{"2": "x"})).elements["Message"])


def test_a_form_is_read_up_to_the_file() -> None:
    """Names in any case; what is below the file does not count; the file's name stands for ${filename}."""
    body = multipart([("Key", "d/${filename}"), ("a", "ü")], b"\r\n\x00--", filename="C:\\\\x\\\\y z.png")
    late = f'\r\nContent-Disposition: form-data; name="late"\r\n\r\n1\r\n--{BOUNDARY}--\r\n'.encode()
    for sent in (body, body.removesuffix(b"--\r\n") + late):
        form = post_form.read(sent, CONTENT_TYPE)
        assert form == PostForm({"key": "d/y z.png", "a": "ü"}, b"\r\n\x00--")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MalformedPOSTRequest"),
        (multipart([("a", "1")], b"1")[:-20], "MalformedPOSTRequest"),
        (multipart([("a", "1")], b"1").replace(b' name="a"', b""), "MalformedPOSTRequest"),
        (multipart([("a", "ü")], b"1").replace("ü".encode(), b"\xff"), "MalformedPOSTRequest"),
        (multipart([("a", "1")], None), "IncorrectNumberOfFilesInPostRequest"),
        (multipart([("a", "1"), ("A", "2")], b"1"), "InvalidArgument"),
    ],
)
def test_what_is_no_form_is_refused(body: bytes, code: str) -> None:
    """Cut off, without names, not UTF-8, without a file, or with a field twice."""
    with pytest.raises(S3Error) as refusal:
        post_form.read(body, CONTENT_TYPE)
    assert (refusal.value.status, refusal.value.elements["Code"]) == (400, code)


def test_a_form_without_a_boundary_is_none() -> None:
    """There is nothing to part it by."""
    with pytest.raises(S3Error, match="MalformedPOSTRequest"):
        post_form.read(multipart([("a", "1")], b"1"), "multipart/form-data")
