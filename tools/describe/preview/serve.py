"""Shows the preview on this machine only: a page that is made anew each time that it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import ClassVar

from tools.describe.loopback import LoopbackHandler, LoopbackServer


class PreviewServer(LoopbackServer):
    """Answers on the loopback with what `render` returns; its ValueError is shown as the line that it is."""

    def __init__(self, render: Callable[[], str], port: int = 0) -> None:
        self.render = render
        super().__init__(_Handler, port)


class _Handler(LoopbackHandler):
    server: PreviewServer
    server_version = "preview"
    headers_of_all: ClassVar[Mapping[str, str]] = {
        "Content-Security-Policy": "frame-ancestors 'none'"
    }  # the rest of it is in the page

    def answer(self, path: str) -> None:
        """Send the preview."""
        if path != "/":
            self.send_line(HTTPStatus.NOT_FOUND, "There is nothing here but the preview, at /.")
            return
        try:
            page = self.server.render()
        except ValueError as error:
            self.send_line(HTTPStatus.INTERNAL_SERVER_ERROR, f"error: {error}")
        else:
            self.send(HTTPStatus.OK, "text/html; charset=utf-8", page.encode("utf-8", "replace"))
