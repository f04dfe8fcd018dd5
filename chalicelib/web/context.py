"""What an endpoint may ask about the request, beside its path, query and body."""

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import BaseModel

from chalicelib.errors import UnauthenticatedError
from chalicelib.models.admission import GrantsOf, handed_over
from chalicelib.models.caller import Caller
from chalicelib.models.entity import Once, spell
from chalicelib.web import etags
from chalicelib.web.problems import INVALID, ProblemError

_LONGEST_KEY = 255


class Context:
    """One request, read from API Gateway's proxy event (payload 1.0) as far as it is asked for."""

    def __init__(self, event: Mapping[str, Any], aws_request_id: str, *, grants_of: GrantsOf) -> None:
        gateway = event["requestContext"]
        self._event = event
        self._headers: Mapping[str, str] = event.get("headers") or {}
        self._header_names: str | None = None
        self.request_id: str = gateway.get("requestId") or aws_request_id
        self.method: str = gateway["httpMethod"]
        self.path: str = gateway["path"]
        """The path as the client sent it, with the stage's prefix."""
        self.resource: str = gateway["resourcePath"]
        """The route's path, with its parameters in braces."""
        self.body: BaseModel | None = None
        self._authorizer: Mapping[str, Any] | None = gateway.get("authorizer")
        self._grants_of = grants_of
        self._caller: Caller | None = None
        self.fresh = False
        """Whether to read what the caller may do, whatever the authorizer said."""

    @property
    def principal(self) -> str | None:
        """Who is calling, for the log: None where nobody was asked."""
        return None if self._caller is None else self._caller.principal

    @property
    def caller(self) -> Caller:
        """Who is calling, as the authorizer said. Raises UnauthenticatedError where none ran."""
        if self._caller is None:
            self._caller = handed_over(self._authorizer, self._grants_of, fresh=self.fresh)
            if self._caller is None:
                raise UnauthenticatedError
        return self._caller

    def confine(self) -> None:
        """Let the caller reach only what is theirs."""
        self._caller = self.caller._replace(only_own=True)

    def header(self, name: str) -> str | None:
        """Return a header by its name in lower case.

        Most requests lack most of what they are asked for, so one look at all names comes before one at each.
        """
        if self._header_names is None:
            self._header_names = "\n".join(self._headers).lower()
        if name not in self._header_names:
            return None
        return next((value for found, value in self._headers.items() if found.lower() == name), None)

    @property
    def query(self) -> Mapping[str, list[str]]:
        """The query parameters, each with all its values."""
        return self._event.get("multiValueQueryStringParameters") or {}

    @property
    def path_parameters(self) -> Mapping[str, str]:
        """The path parameters."""
        return self._event.get("pathParameters") or {}

    @property
    def has_body(self) -> bool:
        """Whether anything was sent as a body."""
        return bool(self._event.get("body"))

    def raw_body(self) -> str | bytes | None:
        """Return the body as it came."""
        body: str | bytes | None = self._event.get("body")
        return base64.b64decode(body) if body is not None and self._event.get("isBase64Encoded") else body

    @property
    def if_match(self) -> frozenset[int] | None:
        """The versions that the request is good for; None without an If-Match. Raises ProblemError 400."""
        header = self.header("if-match")
        try:
            return None if header is None else etags.versions(header)
        except ValueError as error:
            raise _bad_header("If-Match", str(error)) from error

    @property
    def must_exist(self) -> bool:
        """Whether the request is for something that is there: any If-Match says so, `*` too (RFC 9110, 13.1.1)."""
        return self.header("if-match") is not None

    def not_modified(self, etag: str) -> bool:
        """Tell whether the client has this representation already (If-None-Match). Raises ProblemError 400."""
        header = self.header("if-none-match")
        try:
            return header is not None and etags.matches(header, etag)
        except ValueError as error:
            raise _bad_header("If-None-Match", str(error)) from error

    @property
    def once(self) -> Once | None:
        """What an Idempotency-Key makes of a creation: an id that follows from caller, path and key.

        None without the header. Raises ProblemError 400.
        """
        key = self.header("idempotency-key")
        if key is None:
            return None
        if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
            header, fault = "Idempotency-Key", f"must be 1 to {_LONGEST_KEY} printable ASCII characters"
            raise _bad_header(header, fault)
        parts = (self.caller.principal, self.resource, *self.path_parameters.values(), key)
        digest = sha256("\n".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
        # What was sent, without defaults: a field that later code adds must not make a retry another request.
        body = b"" if self.body is None else self.body.model_dump_json(exclude_unset=True).encode()
        return Once(spell(digest[:15]), sha256(body).hexdigest())


def _bad_header(name: str, fault: str) -> ProblemError:
    detail = f"The header {name} {fault}."
    return ProblemError(INVALID, detail, [{"parameter": name, "in": "header", "detail": fault}])
