"""HTTP on a socket, before the gateway: the handler that `chalice local`'s server is given."""

import http.server
from typing import Any

from grail.localcloud.gateway import MAX_BODY, Gateway, Request, Response

_NO_BODY = {204, 304}


class Handler(http.server.BaseHTTPRequestHandler):
    """Reads a request, asks the gateway, writes its answer. `gateway` is set by a subclass."""

    gateway: Gateway
    protocol_version = "HTTP/1.1"
    server_version = "grail"
    sys_version = ""
    timeout = 60
    """Seconds a connection may be idle."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - one method for every HTTP method
        """Serve every method alike: which ones a path has is the gateway's to say."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self._refuse(411, "Send a Content-Length.")
        elif not (length.isascii() and length.isdigit()):
            self._refuse(400, "Content-Length is not a number.")
        elif int(length) > MAX_BODY:
            self._refuse(413, "A request may have 10 MB.")
        else:
            request = Request(
                method=self.command,
                target=self.path,
                headers=self.headers.items(),
                body=self.rfile.read(int(length)),
                source_ip=self.client_address[0],
            )
            self._send(self.gateway.handle(request))

    def _refuse(self, status: int, detail: str) -> None:
        """Answer a request whose body can't be read, and with that end the connection."""
        self.close_connection = True
        self._send(Response(status, [("Content-Type", "text/plain"), ("Connection", "close")], detail.encode()))

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
