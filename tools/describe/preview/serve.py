"""Shows the preview on this machine only: a page that is made anew each time that it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

HOST = "127.0.0.1"
IDLE_SECONDS = 30  # a connection on which nothing comes is given up


class PreviewServer(ThreadingHTTPServer):
    """Answers on the loopback with what `render` returns; its ValueError is shown as the line that it is."""

    daemon_threads = True

    def __init__(self, render: Callable[[], str], port: int = 0) -> None:
        self.render = render
        super().__init__((HOST, port), _Handler)

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


class _Handler(BaseHTTPRequestHandler):
    server: PreviewServer
    timeout = IDLE_SECONDS
    server_version = "preview"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of requests."""

    def _answer(self) -> None:
        # A page of the web may send its visitors' browsers here under a name of its own (DNS rebinding): such a request
        # says that name.
        if self.headers.get("Host") not in (
            f"{HOST}:{self.server.server_port}",
            f"localhost:{self.server.server_port}",
        ):
            self._send(HTTPStatus.FORBIDDEN, "This page answers under its own address only.")
        elif self.path.partition("?")[0] != "/":
            self._send(HTTPStatus.NOT_FOUND, "There is nothing here but the preview, at /.")
        else:
            try:
                self._send(HTTPStatus.OK, page=self.server.render())
            except ValueError as error:
                self._send(HTTPStatus.INTERNAL_SERVER_ERROR, f"error: {error}")

    def _send(self, status: HTTPStatus, line: str = "", page: str | None = None) -> None:
        text = f"<!DOCTYPE html><title>Preview</title><p>{escape(line)}</p>" if page is None else page
        content = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
