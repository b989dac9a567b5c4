"""A server that shows pages on this machine only, as the preview and the explorer do.

Who asks under another name than the loopback's gets nothing. What stands at an address, subclasses say.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import ClassVar

HOST = "127.0.0.1"
IDLE_SECONDS = 30  # a connection on which nothing comes is given up


class LoopbackServer(ThreadingHTTPServer):
    """Answers on the loopback, by a handler, at a port (0: any that is free)."""

    daemon_threads = True

    def __init__(self, handler: type[LoopbackHandler], port: int) -> None:
        super().__init__((HOST, port), handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which may ask the network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: what is left are connections that broke."""

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers GET and HEAD. `headers_of_all` go with every answer."""

    server: LoopbackServer
    timeout = IDLE_SECONDS
    sys_version = ""
    headers_of_all: ClassVar[Mapping[str, str]] = {}

    def do_GET(self) -> None:
        """Answer, or refuse who asks under another name."""
        # A page of the web may send its visitors' browsers here under a name of its own (DNS rebinding): such a request
        # says that name.
        port = self.server.server_port
        if self.headers.get("Host") in (f"{HOST}:{port}", f"localhost:{port}"):
            self.answer(self.path.partition("?")[0])
        else:
            self.send_line(HTTPStatus.FORBIDDEN, "This page answers under its own address only.")

    def do_HEAD(self) -> None:
        """Answer without the content."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""

    def answer(self, path: str) -> None:
        """Send what stands at a path."""
        raise NotImplementedError

    def send_line(self, status: HTTPStatus, line: str) -> None:
        """Send a line of text."""
        self.send(status, "text/plain; charset=utf-8", f"{line}\n".encode("utf-8", "replace"))

    def send(self, status: HTTPStatus, media: str, content: bytes) -> None:
        """Send content of a media type."""
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")  # the next page at this port may be of other data
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in self.headers_of_all.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
