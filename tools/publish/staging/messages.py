"""What a handler gets and what it gives: requests with their bodies, responses, and the errors of the Hub.

In come the parts of an HTTP message; out go values a handler can use without knowing sockets. Bodies are read block by
block, whether they come with a length or in chunks, so that no file is ever held in memory.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, TypeAlias

from tools.publish.staging.access import User

if TYPE_CHECKING:
    from tools.publish.staging.hub import StagingHub

# JSON bodies are lists of at most 1,000 paths or 256 files with samples; this is ten times what a client sends.
MAX_JSON_BYTES = 10_000_000

# The Hub takes regular files of up to 10 MB; base64 makes them a third longer, and the line has a path besides.
MAX_REGULAR_BYTES = 10_000_000
MAX_LINE_BYTES = MAX_REGULAR_BYTES * 4 // 3 + 10_000


class HubError(Exception):
    """A refusal: an HTTP status (4xx), a message, and the Hub's name of the error where clients read it."""

    def __init__(
        self, status: int, message: str, code: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})
        if code:
            self.headers["X-Error-Code"] = code


class DisconnectedError(Exception):
    """The client went away before its request was complete."""


class Body(io.RawIOBase):
    """The body of a request, of a known `length` or (None) in chunks. Closed by nobody: the connection goes on."""

    def __init__(self, stream: BinaryIO, length: int | None) -> None:
        self._stream = stream
        self._chunked = length is None
        # What is still to come: of the body, or of the present chunk.
        self._left = length or 0
        self._ended = length == 0
        self.length = length
        # Set where the chunks make no sense: nobody knows then where the next request begins.
        self.broken = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` as far as possible and return how many bytes came; 0 at the end of the body."""
        if self._chunked and self._left == 0 and not self._ended:
            self._next_chunk()
        view = memoryview(buffer)[: self._left]
        if self._ended or not view:
            return 0
        try:
            count: int = self._stream.readinto(view)  # type: ignore[attr-defined]
        except OSError as error:
            raise DisconnectedError from error
        if not count:
            raise DisconnectedError
        self._left -= count
        if self._left == 0 and self._chunked:
            self._line()
        self._ended = self._ended or (self._left == 0 and not self._chunked)
        return count

    def _line(self) -> bytes:
        try:
            line = self._stream.readline(1000)
        except OSError as error:
            raise DisconnectedError from error
        if not line.endswith(b"\n"):
            raise DisconnectedError
        return line.strip()

    def _next_chunk(self) -> None:
        size = self._line().partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
            self.broken = True
            raise HubError(400, "the body's chunks are malformed")
        self._left = int(size, 16)
        if self._left == 0:
            self._ended = True
            while self._line():
                pass

    def drain(self) -> None:
        """Read what is left, so that the answer to a refused upload reaches a client that is still sending."""
        buffer = bytearray(1 << 20)
        while self.readinto(buffer):
            pass

    def skip(self, count: int) -> None:
        """Read `count` bytes, or all that there are, and forget them."""
        buffer = memoryview(bytearray(1 << 16))
        while count > 0 and (read := self.readinto(buffer[: min(count, len(buffer))])):
            count -= read

    def all(self, limit: int = MAX_JSON_BYTES) -> bytes:
        """Return the whole body. Raises HubError (413) where it is longer than `limit` bytes."""
        content = io.BufferedReader(self, 1 << 16).read(limit + 1)
        if len(content) > limit:
            raise HubError(413, f"the body is longer than {limit} bytes")
        return content

    def json(self) -> dict[str, Any]:
        """Return the JSON object that the body is. Raises HubError (400) where it is none; empty counts as {}."""
        return parse_object(self.all() or b"{}", "the body")

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the body. Raises HubError (413) for one that no client would send."""
        reader = io.BufferedReader(self, 1 << 20)
        while line := reader.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                raise HubError(413, "a regular file may have 10 MB: larger ones are to be uploaded as LFS files")
            yield line


def parse_object(content: bytes, what: str) -> dict[str, Any]:
    """Return the JSON object in `content`. Raises HubError (400) where there is none."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        raise HubError(400, f"{what} is not valid JSON") from None
    if not isinstance(value, dict):
        raise HubError(400, f"{what} must be a JSON object")
    return value


def text_of(value: Mapping[str, Any], key: str, default: str | None = None) -> str:
    """Return the text under `key`. Raises HubError (400) where it is missing (and has no default) or no text."""
    text = value.get(key, default)
    if text is None:
        text = default
    if not isinstance(text, str):
        raise HubError(400, f"{key!r} must be a string")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise HubError(400, f"{key!r} is not valid Unicode") from None
    return text


@dataclass
class Request:
    """A request as a handler sees it. `query` has every value of a name, in order; `user` is None without a token."""

    hub: StagingHub
    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Body
    user: User | None = None

    @property
    def author(self) -> str:
        """The name of the user. Raises HubError (401) where the request came without a token."""
        if self.user is None:
            raise HubError(401, "Invalid username or password.")
        return self.user.name

    def option(self, name: str, default: str = "") -> str:
        """Return the first value of `name` in the query."""
        return self.query.get(name, [default])[0]

    def flag(self, name: str) -> bool:
        """Tell whether the query switches `name` on, in any of the spellings that clients have."""
        return self.option(name).lower() in ("1", "true", "yes", "on")


@dataclass(frozen=True)
class Stretch:
    """`count` bytes of a file from `start`: a body that goes from the disk straight to the socket."""

    path: Path
    start: int
    count: int

    def __len__(self) -> int:
        return self.count


Part: TypeAlias = "bytes | Stretch"


@dataclass(frozen=True)
class Broken:
    """How an answer fails on its way: after `after` bytes of its body, or before its head where that is None.

    The connection is reset, or closed in good order, or hangs until the client goes or the server stops.
    """

    after: int | None
    how: Literal["reset", "close", "hang"]


@dataclass
class Response:
    """An answer: status, headers and body, which may come in parts. Content-Length is added by the server.

    `broken` is set for an answer that is not to arrive (see mishaps.py).
    """

    status: int = HTTPStatus.OK
    body: Part | tuple[Part, ...] = b""
    headers: dict[str, str] = field(default_factory=dict)
    broken: Broken | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the body, in order."""
        return self.body if isinstance(self.body, tuple) else (self.body,)

    @property
    def size(self) -> int:
        """The length of the body in bytes."""
        return sum(map(len, self.parts))


def stretch_of(parts: Iterable[Part], start: int, end: int) -> tuple[Part, ...]:
    """Return the bytes from `start` to before `end` of a body in `parts`, in parts of which none is empty."""
    found: list[Part] = []
    begin = 0
    for part in parts:
        first, last = max(start - begin, 0), min(end - begin, len(part))
        if first < last:
            if isinstance(part, bytes):
                found.append(part[first:last])
            else:
                found.append(Stretch(part.path, part.start + first, last - first))
        begin += len(part)
    return tuple(found)


def read_part(part: Part) -> bytes:
    """Return the bytes of a part of a body."""
    if isinstance(part, bytes):
        return part
    with part.path.open("rb") as file:
        file.seek(part.start)
        return file.read(part.count)


def json_response(value: object, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that carries `value` as JSON."""
    content_type = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, json.dumps(value).encode(), {**content_type, **(headers or {})})


def error_response(error: HubError) -> Response:
    """Return the answer that tells a client of `error`, in the two places where clients look for the message."""
    # Header values are one line of Latin-1.
    line = " ".join(error.message.split()).encode("ascii", "backslashreplace").decode()
    return json_response({"error": error.message}, error.status, {"X-Error-Message": line, **error.headers})
