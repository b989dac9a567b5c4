"""Serves the page on this machine only: the viewer's files, the points, and pictures as they are asked for.

The page may fetch nothing from elsewhere and run nothing that is not the viewer's; other machines do not see it.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from tools.describe.loopback import LoopbackHandler, LoopbackServer
from tools.publish.calls import HubError
from tools.use.explore.page import describe
from tools.use.explore.pictures import MEDIA, placeholder
from tools.use.explore.points import Points
from tools.use.explore.viewer import PAGE

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


class ExploreServer(LoopbackServer):
    """Answers on the loopback. `say` is told of the first picture that cannot be shown, for each reason."""

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
        super().__init__(_Handler, port)

    def say_once(self, why: str, line: str) -> None:
        """Say a line, unless one was said for the same reason: where a page of pictures is damaged, one is enough."""
        if why not in self._said:
            self._said.add(why)
            self._say(line)


class _Handler(LoopbackHandler):
    server: ExploreServer
    server_version = "explore"
    headers_of_all: ClassVar[Mapping[str, str]] = {
        "Cross-Origin-Resource-Policy": "same-origin",  # no page of the web shows these pictures
        "Referrer-Policy": "no-referrer",
        "Content-Security-Policy": POLICY,
    }

    def answer(self, path: str) -> None:
        """Send the page, its data, a file of the viewer or a picture."""
        if path in self.server.made:
            self.send(HTTPStatus.OK, *self.server.made[path])
        elif place := re.fullmatch(r"/pictures/([a-z]+)/(\d{1,9})", path):
            self._send_picture(place[1], int(place[2]))
        elif path in self.server.files and path != PAGE:
            file = self.server.files[path]
            self.send(HTTPStatus.OK, TYPES.get(file.suffix, OTHER), file.read_bytes())
        else:
            self.send_line(HTTPStatus.NOT_FOUND, "There is nothing here but the page, at /.")

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
        self.send(status, MEDIA, content)
