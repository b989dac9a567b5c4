"""The wire: connections on 127.0.0.1, requests read from them, responses written to them.

In come bytes; out go bytes. Everything that is no valid HTTP is answered here, as JSON; the rest by `routes.dispatch`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import struct
import threading
import traceback
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer, ThreadingMixIn
from typing import TYPE_CHECKING, Any, BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

from tools.publish.staging.messages import (
    Body,
    Broken,
    DisconnectedError,
    HubError,
    Request,
    Response,
    error_response,
    stretch_of,
)
from tools.publish.staging.routes import dispatch

if TYPE_CHECKING:
    from tools.publish.staging.hub import StagingHub

HOST = "127.0.0.1"
SERVER_NAME = "staging-hub (a rehearsal, not for hosting data)"

# A connection on which nothing moves for so long is given up: clients keep idle ones open for reuse.
IDLE_SECONDS = 120

# How long stopping waits for requests that are being answered; their sockets are closed, so they end at once.
STOP_SECONDS = 10

# Statuses whose responses have no body.
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)

logger = logging.getLogger(__name__)


class Server(ThreadingMixIn, HTTPServer):
    """One listening address: a thread accepts, one thread per connection answers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, hub: StagingHub, port: int) -> None:
        self.hub = hub
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._to_reset: set[socket.socket] = set()
        super().__init__((HOST, port), Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="staging-hub", daemon=True)

    def server_bind(self) -> None:
        """Bind without HTTPServer's look-up of the host's name, which may ask the network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def run(self) -> None:
        """Begin to accept connections."""
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, which `end` can find."""
        thread = threading.Thread(target=self.process_request_thread, args=(request, client_address), daemon=True)
        self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """End a connection that has been answered."""
        self._connections.pop(request, None)
        if request in self._to_reset:
            self._to_reset.discard(request)
            self.close_request(request)  # without the good-bye that comes first otherwise
        else:
            super().shutdown_request(request)

    def reset(self, connection: socket.socket) -> None:
        """Have a connection end with a reset (RST) instead of an end of what was sent (FIN)."""
        # Lingering for 0 seconds: what is not sent yet is dropped.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
        self._to_reset.add(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what goes wrong in answering is logged there, and what is left are connections that broke."""

    def end(self) -> None:
        """Accept nothing more, end every connection, and wait until nobody answers any longer."""
        self.shutdown()
        self._thread.join(STOP_SECONDS)
        self.server_close()
        for connection, thread in list(self._connections.items()):
            with contextlib.suppress(OSError):  # the client may have closed it first
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(STOP_SECONDS)


class Handler(BaseHTTPRequestHandler):
    """Turns what comes over a connection into requests, and responses into bytes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    rbufsize = 1 << 16
    server: Server

    def _handle(self) -> None:
        body = Body(cast(BinaryIO, self.rfile), 0)
        try:
            try:
                body = Body(cast(BinaryIO, self.rfile), self._body_length())
                response = dispatch(self._request(body))
            except HubError as error:
                error.message = self.server.hub.tokens.redact(error.message)
                response = error_response(error)
            except DisconnectedError:
                raise
            except Exception:
                logger.error("%s", self.server.hub.tokens.redact(traceback.format_exc()))
                response = error_response(HubError(500, "the staging Hub has a fault: see its log"))
            if body.broken:
                self.close_connection = True
            else:
                body.drain()
            self._send(response)
        except (OSError, HubError, DisconnectedError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _handle  # noqa: N815

    def do_CONNECT(self) -> None:
        """Refuse to lead elsewhere: see StagingHub.environment."""
        self.close_connection = True
        self._send(error_response(HubError(403, "nothing outside is reached from a rehearsal")))

    def _body_length(self) -> int | None:
        """Return the length of the body in bytes, or None for one in chunks. Raises HubError (400)."""
        lengths = set(self.headers.get_all("Content-Length", []))
        encodings = [value.strip().lower() for value in self.headers.get_all("Transfer-Encoding", [])]
        if (encodings and (encodings != ["chunked"] or lengths)) or len(lengths) > 1:
            self.close_connection = True
            raise HubError(400, "the length of the body is contradictory")
        if encodings:
            return None
        length = lengths.pop().strip() if lengths else "0"
        if not re.fullmatch(r"[0-9]{1,18}", length):
            self.close_connection = True
            raise HubError(400, f"Content-Length must be a number of bytes (got {length!r})")
        return int(length)

    def _request(self, body: Body) -> Request:
        hub = self.server.hub
        try:
            url = urlsplit(self.path)
            query = parse_qs(url.query, keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            raise HubError(400, "the address is malformed") from None
        own = {urlsplit(hub.endpoint).netloc, urlsplit(hub.cdn_endpoint).netloc}
        if url.netloc and url.netloc not in own:
            raise HubError(404, f"{url.netloc} is not part of the rehearsal")
        return Request(hub, self.command, url.path, query, cast(Mapping[str, str], self.headers), body)

    def _send(self, response: Response) -> None:
        hub = self.server.hub
        broken = response.broken
        unanswered = broken is not None and broken.after is None
        # A request that could not be read has no path.
        path = hub.tokens.redact(getattr(self, "path", "").partition("?")[0])
        # Before the answer, so that whoever has the answer finds the request in the list.
        hub.requests.append((self.command or "", path, 0 if unanswered else int(response.status)))
        if not unanswered:
            self._write(response)
        if broken is not None:
            self._break_off(broken)

    def _write(self, response: Response) -> None:
        headers = {
            "Server": SERVER_NAME,
            "Date": self.date_time_string(),
            "X-Request-Id": uuid.uuid4().hex,
            **response.headers,
        }
        if response.status not in BODILESS:
            headers["Content-Length"] = str(response.size)
        if self.close_connection:
            headers["Connection"] = "close"
        phrase = HTTPStatus(response.status).phrase
        # No value may end its line or leave Latin-1, whatever it was made of.
        lines = [f"{name}: {re.sub('[^ -~]', '?', value)}" for name, value in headers.items()]
        waiting = "\r\n".join([f"HTTP/1.1 {int(response.status)} {phrase}", *lines, "", ""]).encode()
        parts = () if self.command == "HEAD" or response.status in BODILESS else response.parts
        if response.broken is not None and response.broken.after is not None:
            parts = stretch_of(parts, 0, response.broken.after)
        for part in parts:
            if isinstance(part, bytes):
                waiting += part
                continue
            with part.path.open("rb") as file:
                self.connection.sendall(waiting)
                self.connection.sendfile(file, part.start, part.count)
            waiting = b""
        self.connection.sendall(waiting)

    def _break_off(self, broken: Broken) -> None:
        """End the connection as a fault has it."""
        self.close_connection = True
        if broken.how == "hang":
            # Until the client closes the connection, or `Server.end` does.
            self.connection.settimeout(None)
            while self.connection.recv(1 << 16):
                pass
        if broken.how == "reset":
            self.server.reset(self.connection)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a request that could not even be read, as JSON; http.server would send a page."""
        self.close_connection = True
        # To http.server an unknown method or version is its own fault (5xx); here it is the client's.
        ours = {HTTPStatus.NOT_IMPLEMENTED: 405, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED: 400}
        status = ours.get(HTTPStatus(code), code)
        self._send(error_response(HubError(status, message or HTTPStatus(status).phrase)))

    def log_message(self, format: str, *args: Any) -> None:
        """Write nothing: `StagingHub.requests` has what was asked."""
