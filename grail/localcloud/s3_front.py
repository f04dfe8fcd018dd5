"""In front of moto's S3: what S3 checks of the forms and URLs that an app presigned, before a browser sent them."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from xml.sax.saxutils import escape

from moto.s3 import notifications
from moto.s3.exceptions import MissingBucket
from moto.s3.models import S3Backend, s3_backends
from moto.s3.utils import metadata_from_headers
from werkzeug.wrappers import Request, Response

from grail.localcloud import post_form, post_policy, presigned
from grail.localcloud.moto_state import ACCOUNT
from grail.localcloud.post_form import PostForm
from grail.localcloud.s3_errors import S3Error

Application = Callable[..., Iterable[bytes]]


class S3Front:
    """Answers uploads by form, and what is refused; leaves the rest to another WSGI application."""

    def __init__(self, rest: Application, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._rest = rest
        self._now = now

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        request = Request(environ)
        bucket, _, key = request.path.strip("/").partition("/")
        try:
            presigned.check(_as_signed(request), now=self._now())
            if request.method != "POST" or request.mimetype != "multipart/form-data" or key or not bucket:
                return self._rest(environ, start_response)
            answer = self._upload(bucket, request)
        except S3Error as error:
            answer = Response(error.document(), error.status, content_type="application/xml")
        answer.headers.extend(_cors(bucket, request))
        return answer(environ, start_response)

    def _upload(self, bucket: str, request: Request) -> Response:
        """Store a form's file."""
        form = post_form.read(request.get_data(), request.headers["Content-Type"])
        post_policy.check(form, bucket=bucket, now=self._now())
        etag = _store(bucket, form)
        return _stored(form.fields, bucket=bucket, etag=etag, url=request.host_url)


def _as_signed(request: Request) -> presigned.Request:
    """Return a request with its path and query as they came."""
    url = urlsplit(str(request.environ["REQUEST_URI"]))
    headers = {name.lower(): value for name, value in request.headers.items()}
    return presigned.Request(request.method, url.path, url.query, headers)


def _store(bucket: str, form: PostForm) -> str:
    """Store a file and tell of it; return its ETag. Fields that ask for an ACL, tags or a key of KMS have no effect.

    moto would tell of it before it has its content type.
    """
    try:
        stored = _backend().put_object(bucket, form.fields["key"], form.file, disable_notification=True)
    except MissingBucket as error:
        raise S3Error(404, "NoSuchBucket", "The specified bucket does not exist", BucketName=bucket) from error
    stored.set_metadata(metadata_from_headers(dict(form.fields)))
    event = notifications.S3NotificationEvent.OBJECT_CREATED_POST_EVENT
    notifications.send_event(ACCOUNT, event, _backend().get_bucket(bucket), stored)
    return str(stored.etag)


def _stored(fields: Mapping[str, str], *, bucket: str, etag: str, url: str) -> Response:
    """Return the answer that the form asks for; without a wish, or with one that can't be, it is 204."""
    key = fields["key"]
    headers = {"ETag": etag, "Location": f"{url}{bucket}/{quote(key)}"}
    if "success_action_redirect" in fields:
        target = fields["success_action_redirect"]
        told = urlencode({"bucket": bucket, "key": key, "etag": etag})
        headers["Location"] = f"{target}{'&' if '?' in target else '?'}{told}"
        return Response(status=303, headers=headers)
    match fields.get("success_action_status"):
        case "200":
            return Response(status=200, headers=headers)
        case "201":
            elements = {"Location": headers["Location"], "Bucket": bucket, "Key": key, "ETag": etag}
            body = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in elements.items())
            document = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{body}</PostResponse>'
            return Response(document, 201, headers, content_type="application/xml")
    return Response(status=204, headers=headers)


def _cors(bucket: str, request: Request) -> dict[str, str]:
    """Return the headers of the first of the bucket's CORS rules that lets a page of this origin do this."""
    origin = request.headers.get("Origin")
    found = _backend().buckets.get(bucket)
    if origin is None or found is None:
        return {}
    for rule in found.cors:
        for allowed in rule.allowed_origins:
            if request.method in rule.allowed_methods and fnmatchcase(origin, allowed):
                headers = {"Access-Control-Allow-Origin": "*" if allowed == "*" else origin, "Vary": "Origin"}
                if rule.exposed_headers:
                    headers["Access-Control-Expose-Headers"] = ", ".join(rule.exposed_headers)
                return headers
    return {}


def _backend() -> S3Backend:
    """Return moto's S3; mocked in this process too, it is another one from time to time."""
    return s3_backends[ACCOUNT]["aws"]
