"""Serves the page on this machine only: the viewer's files, the points, and pictures as they are asked for.

The page may fetch nothing from elsewhere and run nothing that is not the viewer's; other machines do not see it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer

from tools.publish.calls import HubError
from tools.use.explore.page import describe
from tools.use.explore.pictures import MEDIA, placeholder
from tools.use.explore.points import Points
from tools.use.explore.viewer import PAGE

HOST = "127.0.0.1"
IDLE_SECONDS = 30  # a connection on which nothing comes is given up
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".wasm": "application/wasm",
    ".png": "image/png",
}
OTHER = "application/octet-stream"
# The viewer styles elements by attributes, has icons as data: addresses, and runs DuckDB as WebAssembly in a worker.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
TITLE = "<title>Embedding Atlas</title>"
ICON = '<link rel="icon" href="data:,">'  # none, so that none is asked for


class ExploreServer(ThreadingHTTPServer):
    """Answers on the loopback. `say` is told of the first picture that cannot be shown, for each reason."""

    daemon_threads = True
    request_queue_size = 64  # the table of the page asks for fifty pictures at once

    def __init__(
        self,
        config: str,
        place: str,
        files: Mapping[str, Path],
        points: Points,
        thumbnail: Callable[[str, int], bytes],
        say: Callable[[str], None],
        port: int = 0,
    ) -> None:
        self.files, self.thumbnail = files, thumbnail
        self._say, self._said = say, set[str]()
        title = f"{config} · {place}"
        page = files[PAGE].read_text(encoding="utf-8").replace(TITLE, f"<title>{html.escape(title)}</title>{ICON}")
        self.made = {
            "/": (TYPES[".html"], page.encode("utf-8", "replace")),
            "/data/metadata.json": ("application/json", json.dumps(describe(points, config)).encode()),
            "/data/dataset.parquet": (OTHER, points.content),
        }
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

    def say_once(self, why: str, line: str) -> None:
        """Say a line, unless one was said for the same reason: where a page of pictures is damaged, one is enough."""
        if why not in self._said:
            self._said.add(why)
            self._say(line)


class _Handler(BaseHTTPRequestHandler):
    server: ExploreServer
    timeout = IDLE_SECONDS
    server_version = "explore"
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
        port, path = self.server.server_port, self.path.partition("?")[0]
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            self._send(HTTPStatus.FORBIDDEN, "text/plain", b"This page answers under its own address only.\n")
        elif path in self.server.made:
            self._send(HTTPStatus.OK, *self.server.made[path])
        elif place := re.fullmatch(r"/pictures/([a-z]+)/(\d{1,9})", path):
            self._send_picture(place[1], int(place[2]))
        elif path in self.server.files and path != PAGE:
            file = self.server.files[path]
            self._send(HTTPStatus.OK, TYPES.get(file.suffix, OTHER), file.read_bytes())
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"There is nothing here but the page, at /.\n")

    def _send_picture(self, split: str, row: int) -> None:
        status = HTTPStatus.OK
        try:
            content = self.server.thumbnail(split, row)
        except (LookupError, OSError, ValueError, HubError) as error:
            if not isinstance(error, LookupError):
                why = error.strerror or type(error).__name__ if isinstance(error, OSError) else error
                self.server.say_once(str(why), f"{split} row {row}: its picture cannot be shown ({why})")
            status = HTTPStatus.BAD_GATEWAY if isinstance(error, HubError) else HTTPStatus.NOT_FOUND
            content = placeholder()
        self._send(status, MEDIA, content)

    def _send(self, status: HTTPStatus, media: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")  # the next page on this port may be of other data
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")  # no page of the web shows these pictures
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
