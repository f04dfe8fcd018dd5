"""HTTP on a socket, before the gateway: the handler that `chalice local`'s server is given."""

import http.server
import uuid
from typing import Any

from grail.localcloud.exchange import MAX_BODY, RefusedError, Request, Response
from grail.localcloud.gateway import Gateway

_NO_BODY = {204, 304}
_LONGEST_LINE = 100


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads a request, asks the gateway, writes its answer. `gateway` is set by a subclass."""

    gateway: Gateway
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    """Or a body waits up to 40 ms for the client to acknowledge the headers."""
    timeout = 60
    """Seconds a connection may be idle."""

    def version_string(self) -> str:
        """Return the `Server` header."""
        return "grail"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - one method for every HTTP method
        """Serve every method alike: which ones a path has is the gateway's to say."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        try:
            body = self._read_body()
        except RefusedError as refused:
            self._refuse(refused)
            return
        headers = self.headers.items()
        request = Request(self.command, self.path, headers, body, source_ip=self.client_address[0])
        self._send(self.gateway.handle(request))

    def _read_body(self) -> bytes:
        """Return the whole body. Raises RefusedError for one that is not well-formed, cut off or too large."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._read_chunks()
        if "Transfer-Encoding" in self.headers:
            raise RefusedError("BAD_REQUEST")
        length = _number(self.headers.get("Content-Length", "0"), base=10)
        if length > MAX_BODY:
            raise RefusedError("REQUEST_TOO_LARGE")
        return self._read_exactly(length)

    def _read_chunks(self) -> bytes:
        """RFC 9112, 7.1; extensions and trailers are read past."""
        body = b""
        while True:
            line = self.rfile.readline(_LONGEST_LINE).decode("latin-1")
            size = _number(line.partition(";")[0].strip(), base=16)
            if len(body) + size > MAX_BODY:
                raise RefusedError("REQUEST_TOO_LARGE")
            if size == 0:
                break
            body += self._read_exactly(size)
            if self.rfile.readline(_LONGEST_LINE).strip():
                raise RefusedError("BAD_REQUEST")
        while self.rfile.readline(_LONGEST_LINE * 100).strip():
            pass
        return body

    def _read_exactly(self, length: int) -> bytes:
        body = self.rfile.read(length)
        if len(body) < length:
            raise RefusedError("BAD_REQUEST")
        return body

    def _refuse(self, refused: RefusedError) -> None:
        """Answer what can't be read to its end, and with that end the connection."""
        self.close_connection = True
        self._send(refused.response(str(uuid.uuid4()), {"Connection": "close"}))

    def send_error(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - what Python's own parser says of a request
        """Answer a request that is not HTTP; Python would send a page of HTML."""
        self.command = getattr(self, "command", None) or "GET"
        self.request_version = self.protocol_version  # of a version it can't read, Python makes 0.9: no headers
        self._refuse(RefusedError("BAD_REQUEST"))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status not in _NO_BODY:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD" and response.status not in _NO_BODY:
            self.wfile.write(response.body)

    def log_message(self, *_: Any) -> None:  # noqa: ANN401
        """Say nothing: the app's own log has a line for each request."""


def _number(text: str, *, base: int) -> int:
    """Return a length. Raises RefusedError for what is none."""
    digits = "0123456789abcdef"[:base]
    if not 0 < len(text) <= len(str(MAX_BODY)) + 2 or set(text.lower()) - set(digits):
        raise RefusedError("BAD_REQUEST")
    return int(text, base)
