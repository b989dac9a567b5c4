"""Reads parts of the files of one published commit, by range, into a folder of sparse files.

In go a repository, a commit and its listing; out come files of the listed sizes in a folder of this machine, empty but
for the parts that were asked for. So whatever reads footers or columns from a disk reads a published file, too, and
what was not asked for takes neither network nor disk.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from huggingface_hub import constants, get_token, hf_hub_url
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from DiffusionFER import path_problem
from tools.check.repo.footers import LARGEST_FOOTER
from tools.publish.calls import Calls, HubError
from tools.publish.explain import AGAIN
from tools.publish.plan import Remote
from tools.publish.retry import Retries, Say, Trouble

BLOCK = 2**20
# The most bytes that one request asks for: what is asked for again where the connection breaks.
LARGEST_REQUEST = 64 * 2**20
PARQUET_MAGIC = b"PAR1"
CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


class Unreadable(Exception):  # noqa: N818
    """A listed file cannot be had as it is listed; the message says why, as words that follow its name."""


class Reads(Calls):
    """The files of a commit, as far as they are read; `fetched` counts every byte of their content that came in."""

    def __init__(
        self,
        name: str,
        commit: str,
        files: Mapping[str, Remote],
        say: Say = lambda line: None,
        retries: Retries | None = None,
    ) -> None:
        super().__init__(name, say, retries)
        self.fetched = 0
        self._commit, self._files = commit, files
        self._headers = build_hf_headers(token=get_token() or False) | {"Accept-Encoding": "identity"}
        self._lock = threading.Lock()

    def copy(self, path: str, start: int, stop: int, sink: BinaryIO) -> None:
        """Write the bytes from `start` up to `stop` of a file to the same place of `sink`.

        Raises Unreadable where the Hub has another content than it lists, HubError where it cannot be asked.
        """
        size = self._files[path].size
        if not 0 <= start <= stop <= size:
            raise Unreadable(f"has {size:,} bytes, and {start:,} to {stop:,} are looked for")
        for begin in range(start, stop, LARGEST_REQUEST):
            end = min(stop, begin + LARGEST_REQUEST)
            self._do(f"read {path}", functools.partial(self._get, path, begin, end, sink))

    def _get(self, path: str, start: int, stop: int, sink: BinaryIO) -> None:
        size = self._files[path].size
        url = hf_hub_url(self.name, path, repo_type="dataset", revision=self._commit, endpoint=constants.ENDPOINT)
        headers = {**self._headers, "Range": f"bytes={start}-{stop - 1}"}
        with get_session().stream("GET", url, headers=headers, follow_redirects=True) as response:
            if response.status_code == 416:
                raise Unreadable(f"is listed with {size:,} bytes, and has fewer")
            if response.status_code >= 400:
                response.read()
                # The Hub gives its refusals a name; without one, it is storage that refuses.
                if response.status_code in (403, 404) and "X-Error-Code" not in response.headers:
                    raise Unreadable(f"is listed, and storage does not give it (HTTP {response.status_code})")
                self._refuse(response)
            self._check(response, start, stop, size)
            sink.seek(start)
            came = 0
            for block in response.iter_raw(BLOCK):
                came += len(block)
                with self._lock:
                    self.fetched += len(block)
                if came > stop - start:
                    break
                sink.write(block)
        if came != stop - start:
            raise Trouble(f"{path} came with {came:,} bytes where {stop - start:,} were announced")

    def _refuse(self, response: Any) -> None:
        try:
            hf_raise_for_status(response)
        except EntryNotFoundError:
            raise Unreadable("is listed, and the Hub does not give it (HTTP 404)") from None
        except (RepositoryNotFoundError, RevisionNotFoundError):
            raise HubError(f"{self.name} at {self._commit} is gone from {self.endpoint} meanwhile: {AGAIN}") from None

    def _check(self, response: Any, start: int, stop: int, size: int) -> None:
        """Refuse an answer that is not the range that was asked for."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Unreadable("comes in another encoding than it is stored in")
        given = response.headers.get("Content-Range", "")
        if response.status_code == 200 and not given and (start, stop) == (0, size):
            if response.headers.get("Content-Length", str(size)) != str(size):
                raise Unreadable(f"is listed with {size:,} bytes, and has {response.headers['Content-Length']}")
            return
        match = CONTENT_RANGE.fullmatch(given)
        if response.status_code != 206 or not match:
            raise Unreadable(f"is not given by range (HTTP {response.status_code}), and as a whole it is not asked for")
        begin, last, total = map(int, match.groups())
        if total != size:
            raise Unreadable(f"is listed with {size:,} bytes, and has {total:,}")
        if (begin, last + 1) != (start, stop):
            raise Unreadable(f"is given from byte {begin:,} to {last + 1:,} where {start:,} to {stop:,} were asked for")


class Mirror:
    """A folder that looks like the published one: files of the same names and sizes, filled as far as needed."""

    def __init__(self, folder: Path, files: Mapping[str, Remote], reads: Reads) -> None:
        self.folder = folder
        self.sizes: dict[str, int] = {}
        self.refused: dict[str, str] = {}
        self._reads, self._files = reads, files
        for path, remote in files.items():
            # What a listing names is untrusted: it must not lead out of the folder.
            if problem := path_problem(path):
                self.refused[path] = f"its name {problem}"
                continue
            try:
                self._make(path, remote.size)
                self.sizes[path] = remote.size
            except (OSError, ValueError) as error:
                self.refused[path] = f"this machine cannot hold a file of its name or size ({type(error).__name__})"

    def path(self, name: str) -> Path:
        """Return where the file is."""
        return self.folder / name

    def _make(self, path: str, size: int) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("xb") as opened:
            opened.truncate(size)

    def fetch(self, path: str, ranges: list[tuple[int, int]]) -> None:
        """Fill stretches (start, stop) of a file. Raises Unreadable and HubError."""
        with self.path(path).open("r+b") as sink:
            for start, stop in ranges:
                self._reads.copy(path, start, stop, sink)

    def whole(self, path: str) -> bytes:
        """Return a small file. Raises Unreadable, also where it has not the hash that is listed, and HubError."""
        self.fetch(path, [(0, self.sizes[path])])
        content = self.path(path).read_bytes()
        digest = Digest(len(content))
        digest.update(content)
        if problem := digest.problem(self._files[path]):
            raise Unreadable(problem)
        return content

    def footer(self, path: str) -> int:
        """Fill the end of a Parquet file, and return where what was filled begins. Raises Unreadable and HubError."""
        size = self.sizes[path]
        # A row group takes some 3 KB of the footer, a shard of the largest size some 64 KB; a small shard much less.
        start = max(0, size - min(64 * 1024, max(8 * 1024, size // 128)))
        self.fetch(path, [(start, size)])
        with self.path(path).open("r+b") as file:
            file.seek(max(0, size - 8))
            end = file.read(8)
            if size >= 12 and end[4:] == PARQUET_MAGIC:
                # It begins with the same four bytes, which who reads footers looks for: they tell nothing new.
                if start > 0:
                    file.seek(0)
                    file.write(PARQUET_MAGIC)
                length = int.from_bytes(end[:4], "little")
                needed = size - 8 - length
                if length <= LARGEST_FOOTER and 4 <= needed < start:
                    self._reads.copy(path, needed, start, file)
                    return needed
        return start

    def empty(self, path: str) -> None:
        """Take away what a file holds, so that nobody reads it."""
        os.truncate(self.path(path), 0)

    @contextmanager
    def window(self, path: str, footer: int) -> Iterator[Window]:
        """Give a second file of the same size that has the footer alone, from byte `footer` on, removed at the end."""
        place = self.path(path).with_name(f"{self.path(path).name}.window")
        try:
            yield Window(place, self.path(path), path, footer, self._reads)
        finally:
            place.unlink(missing_ok=True)


class Window:
    """A sparse copy of a published file that holds one stretch of it at a time, and its footer."""

    def __init__(self, place: Path, source: Path, path: str, footer: int, reads: Reads) -> None:
        self.place = place
        self._path, self._reads, self._footer = path, reads, footer
        self._size = source.stat().st_size
        with source.open("rb") as file:
            file.seek(footer)
            self._end = file.read()

    def show(self, start: int, stop: int) -> Iterator[bytes]:
        """Fetch a stretch in place of the one before, and yield its bytes in blocks. Raises Unreadable and HubError."""
        with self.place.open("w+b") as file:
            file.truncate(self._size)
            file.seek(self._footer)
            file.write(self._end)
            self._reads.copy(self._path, start, stop, file)
            file.seek(start)
            while block := file.read(min(BLOCK, stop - file.tell())):
                yield block


class Digest:
    """The two hashes by which the Hub may list a file, as its bytes come."""

    def __init__(self, size: int) -> None:
        self._sha256 = hashlib.sha256()
        self._blob = hashlib.sha1(b"blob %d\0" % size)

    def update(self, block: bytes) -> None:
        """Take the next bytes."""
        self._sha256.update(block)
        self._blob.update(block)

    def problem(self, listed: Remote) -> str | None:
        """Say where the content is not the one that is listed; None where it is."""
        found = self._sha256.hexdigest() if listed.sha256 else self._blob.hexdigest()
        wanted = listed.sha256 or listed.blob_id
        return None if found == wanted else f"what is given has hash {found}, and it is listed with {wanted}"
