"""Contents on their way to the Hub, ahead of the commit that shows them: few bytes under way, each of them counted.

In go files, bytes, or the names of contents that were uploaded before; out come the client's operations, to be given to
a commit. What the Hub has is not sent again.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from huggingface_hub import CommitOperationAdd
from huggingface_hub.lfs import UploadInfo, post_lfs_batch_info
from huggingface_hub.utils import build_hf_headers
from huggingface_hub.utils._runtime import is_xet_available

from tools.publish.calls import Calls, HubError
from tools.publish.explain import AGAIN

# Files sent at a time, as the client does by default.
SENDERS = 5
ASKED_AT_A_TIME = 100  # contents in a request, about


@dataclass(frozen=True)
class Uploaded:
    """Content that was uploaded before, perhaps by another process, and need not be on this disk any longer."""

    size: int
    sha256: str


# What to publish at a path: a file, its bytes, what is on the Hub already, or what `upload` returned.
Content = Path | bytes | Uploaded | CommitOperationAdd


class Traffic:
    """The bytes that were sent to the Hub, and those that were there already; threads may share it.

    `advance` is told, as it happens, how many more bytes are done, or less than none where a file begins anew.
    """

    def __init__(self, advance: Callable[[int], object] = lambda size: None) -> None:
        self.sent = self.there = 0
        self.advance, self._lock = advance, threading.Lock()

    def count(self, *, sent: int = 0, there: int = 0, again: int = 0) -> None:
        """Count bytes; `again` are those that were sent in vain and will be sent once more."""
        with self._lock:
            self.sent, self.there = self.sent + sent, self.there + there
            self.advance(sent + there - again)


class Room:
    """Bytes that may be under way at a time: a push that is killed has sent no more than these in vain.

    What is larger than the room goes alone. One is let in after the other.
    """

    def __init__(self, size: int) -> None:
        self._size, self._used = size, 0
        self._turn, self._changed = threading.Lock(), threading.Condition()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Wait until there is room for so many bytes, and take it."""
        with self._turn, self._changed:
            while self._used and self._used + size > self._size:
                self._changed.wait()
            self._used += size
        try:
            yield
        finally:
            with self._changed:
                self._used -= size
                self._changed.notify_all()


class Uploads(Calls):
    """The uploads to a repository."""

    def upload(
        self,
        files: Mapping[str, Content],
        *,
        revision: str | None,
        create_pr: bool = False,
        traffic: Traffic | None = None,
        sha256s: Mapping[str, str] | None = None,
    ) -> dict[str, CommitOperationAdd]:
        """Send the content of large files ahead of the commit, and return, by path, what to give to `commit` for them.

        Several are sent at a time, but no more bytes than the largest has. What the Hub has is not sent. `sha256s` are
        those that the contents must have, by path, as far as they are known. Raises HubError, with the file; what was
        sent stays, and is found there by the next try.
        """
        known, counted = sha256s or {}, traffic or Traffic()
        sizes = {path: size_of(content) for path, content in files.items()}
        room = Room(max(sizes.values(), default=0))

        def send(path: str) -> CommitOperationAdd:
            with room.taken(sizes[path]):
                return self.send(
                    path,
                    files[path],
                    revision=revision,
                    create_pr=create_pr,
                    traffic=counted,
                    sha256=known.get(path),
                )

        try:
            with ThreadPoolExecutor(SENDERS) as pool:
                jobs = {path: pool.submit(send, path) for path in files}
                try:
                    done, _ = wait(jobs.values(), return_when=FIRST_EXCEPTION)
                    for job in done:
                        job.result()
                except BaseException:
                    self._stopping.set()  # the other threads, too, which may be waiting for another try
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
        finally:
            self._stopping.clear()
        return {path: job.result() for path, job in jobs.items()}

    def send(
        self,
        path: str,
        content: Content,
        *,
        revision: str | None,
        create_pr: bool,
        traffic: Traffic,
        sha256: str | None = None,
    ) -> CommitOperationAdd:
        """Send one content, if it is large, and return what to give to `commit` for it.

        Raises HubError, also where it has not the sha256 that it must have, so that it is not committed.
        """
        operation = addition(path, content, traffic, self._stopping)
        was_there = is_kept(operation)
        self._do(
            f"upload {path}",
            lambda: self._api.preupload_lfs_files(
                self.name,
                [operation],
                repo_type="dataset",
                revision=revision,
                create_pr=create_pr,
                free_memory=False,
            ),
        )
        if isinstance(operation, _Counted) and not operation.under_way:
            size = operation.upload_info.size
            # A small file goes with the commit; and Xet, which cuts files up, does not say what of them the Hub had.
            if not is_kept(operation) or (is_xet_available() and not was_there):
                traffic.count(sent=size)
            else:
                traffic.count(there=size)
        if sha256 and operation.upload_info.sha256.hex() != sha256:
            where = content if isinstance(content, Path) else path
            raise HubError(f"{where} has changed since it was built: remove it, and {AGAIN}")
        return operation

    def has(self, contents: Iterable[Uploaded]) -> set[str]:
        """Return the sha256 of those contents that the Hub keeps for this repository, committed or not."""
        asked, found = list({content.sha256: content for content in contents}.values()), set[str]()
        for start in range(0, len(asked), ASKED_AT_A_TIME):
            part = [
                UploadInfo(size=content.size, sample=b"", sha256=bytes.fromhex(content.sha256))
                for content in asked[start : start + ASKED_AT_A_TIME]
            ]
            answers, _, _ = self._do(
                "ask what was uploaded",
                lambda part=part: post_lfs_batch_info(  # type: ignore[misc]
                    part,
                    token=None,
                    repo_type="dataset",
                    repo_id=self.name,
                    endpoint=self._api.endpoint,
                    headers=build_hf_headers(token=self._token or False),
                ),
            )
            found |= {answer["oid"] for answer in answers if answer.get("actions") is None}
        return found


@dataclass
class _Counted(CommitOperationAdd):
    """The client's operation for a file, which counts the bytes that are read to be sent."""

    traffic: Traffic = field(default_factory=Traffic, repr=False)
    stopping: threading.Event = field(default_factory=threading.Event, repr=False)
    under_way: int = field(init=False, default=0)

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """Yield the content; where it is read for an upload, which the client asks a bar for, the bytes are counted."""
        with super().as_file() as file:
            if not with_tqdm:
                yield file
                return
            self.traffic.count(again=self.under_way)
            self.under_way = 0
            yield _CountedFile(file, self._count, self.stopping)  # type: ignore[misc]

    def _count(self, size: int) -> None:
        self.under_way += size
        self.traffic.count(sent=size)


class _CountedFile(io.BufferedIOBase):
    """A file that tells how much of it was read, until it is to be sent no longer."""

    def __init__(self, file: BinaryIO, count: Callable[[int], object], stopping: threading.Event) -> None:
        self._file, self._count, self._stopping = file, count, stopping

    def read(self, size: int | None = -1) -> bytes:
        """Read, and tell it. Raises HubError where the upload is to stop: nobody waits for the end of a large file."""
        if self._stopping.is_set():
            raise HubError("stopped")
        content = self._file.read(-1 if size is None else size)
        self._count(len(content))
        return content

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a position."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it knows positions."""
        return True


def is_kept(operation: CommitOperationAdd) -> bool:
    """Say whether the Hub keeps the content of an operation already, ahead of the commit."""
    return operation._is_uploaded


def size_of(content: Content) -> int:
    """Return the bytes of a content, without a look at them."""
    if isinstance(content, CommitOperationAdd):
        return int(content.upload_info.size)
    if isinstance(content, Uploaded):
        return content.size
    return content.stat().st_size if isinstance(content, Path) else len(content)


def addition(path: str, content: Content, traffic: Traffic, stopping: threading.Event) -> CommitOperationAdd:
    """Return the client's operation that puts a content at a path."""
    if isinstance(content, CommitOperationAdd):
        return content
    if not isinstance(content, Uploaded):
        what = content if isinstance(content, bytes) else str(content)
        return _Counted(path, what, traffic=traffic, stopping=stopping)
    operation = CommitOperationAdd(path, b"")
    operation.upload_info = UploadInfo(size=content.size, sample=b"", sha256=bytes.fromhex(content.sha256))
    # The client has no public way to name content that is there; these are the marks that it leaves itself.
    operation._upload_mode, operation._should_ignore, operation._is_uploaded = "lfs", False, True
    return operation
