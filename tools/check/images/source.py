"""How a check reads the files of a raw folder or zip: whole, only their beginning, or only what tells a change.

In goes a RawFolder, whose guards hold here as there: nothing outside the data directory is read, and no pipe is opened.
What tells a change on a remote file system is what it was listed with, so that no file there is asked for it alone.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from DiffusionFER import Entry, RawFolder, RawZip, RemoteFolder, RemoteZip
from tools.check.images.formats import HEAD_BYTES

# Should a file have become a pipe since it was listed, opening it must not wait. A link is refused (ELOOP) and looked
# at, which costs more than to read a small image; Windows, which cannot say so, has few of them.
_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True)
class Stamp:
    """What tells whether a file is the one that was proven: a digest of its place, its size and its times.

    Whoever sets the time of a file back leaves a trace in `ctime_ns`, which no program can set; on Windows, where that
    is the time of creation, it tells nothing more. Of an entry of a zip, size and times are those of the zip; its own
    checksum is part of its place.
    """

    place: bytes
    size: int
    mtime_ns: int
    ctime_ns: int

    def is_of(self, state: os.stat_result) -> bool:
        """Say whether size and times are those of a file."""
        return (self.size, self.mtime_ns, self.ctime_ns) == (state.st_size, state.st_mtime_ns, state.st_ctime_ns)


@dataclass(frozen=True)
class RemoteStamp(Stamp):
    """The stamp of a file on a remote file system: what that told of it is part of its place, and its times are 0."""

    told: str


class Source:
    """The files of one raw folder or zip; `listed` are those of a remote folder that are asked for their stamps.

    A copy in another process can read, but has no stamps of a remote folder: a million of them would go along.
    """

    def __init__(self, folder: RawFolder, listed: Iterable[Entry] = ()) -> None:
        self.folder = folder
        self._listed = {entry.name: entry for entry in listed} if isinstance(folder, RemoteFolder) else {}
        self._place, self._zip = f"{folder.path}\0".encode(errors="surrogateescape"), None
        if isinstance(folder, RemoteZip):
            self._place += f"{folder.stamp}\0".encode()
        elif isinstance(folder, RawZip):
            self._zip = os.stat(folder.path)  # noqa: PTH116

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_listed": {}}

    def stamp(self, name: str) -> Stamp | None:
        """Return the stamp of a file; None where it is gone, which reading it will say."""
        try:
            if isinstance(self.folder, RemoteFolder):
                entry = self._listed[name]
                return RemoteStamp(self._digest(f"{name}\0{entry.stamp}"), entry.size, 0, 0, entry.stamp)
            if isinstance(self.folder, RawZip):
                info = _info(self.folder, name)
                place = f"{name}\0{info.CRC:08x}{info.file_size}"
                if not self._zip:
                    return Stamp(self._digest(place), info.file_size, 0, 0)
                state = self._zip
            else:
                state, place = os.stat(self._path(name)), name  # noqa: PTH116
        except (OSError, KeyError, ValueError):
            return None
        return Stamp(self._digest(place), state.st_size, state.st_mtime_ns, state.st_ctime_ns)

    def _digest(self, place: str) -> bytes:
        return hashlib.blake2b(self._place + place.encode(errors="surrogateescape"), digest_size=16).digest()

    def read(self, name: str, stamp: Stamp | None) -> bytes:
        """Return the bytes of a file. Raises OSError, or ValueError where it must not be read or is not as stamped."""
        if isinstance(self.folder, RawZip):
            content = self.folder.read(name)
        elif isinstance(self.folder, RemoteFolder):
            content = self.folder.read(name)
            listed = isinstance(stamp, RemoteStamp) and Entry(name, stamp.size, None, stamp.told)
            if listed and not self.folder.is_still(listed, content):
                raise ValueError("changed while it was checked")
        else:
            with self._open(name) as file:
                self.folder._refuse_giants(name, os.fstat(file.fileno()).st_size)
                content = file.read()
                if stamp and not stamp.is_of(os.fstat(file.fileno())):
                    raise ValueError("changed while it was checked")
        return content

    def head(self, name: str) -> bytes:
        """Return the first HEAD_BYTES of a file. Raises what `read` raises."""
        if isinstance(self.folder, RawZip):
            try:
                with self.folder._archive.open(_info(self.folder, name)) as entry:
                    return entry.read(HEAD_BYTES)
            except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, KeyError) as error:
                raise ValueError(f"cannot be unpacked ({error}): pack it again") from error
        if isinstance(self.folder, RemoteFolder):
            return self.folder.head(name, HEAD_BYTES)
        with self._open(name) as file:
            return file.read(HEAD_BYTES)

    def _open(self, name: str) -> io.FileIO:
        """Open a file that was listed as a regular one, or as a link to one; what it has become since is looked at."""
        path, flags = self._path(name), os.O_RDONLY | _FLAGS
        try:
            descriptor = os.open(path, flags | _NO_LINK)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            if not self.folder._inside(path):
                raise ValueError("is a link that leaves the data directory") from None
            descriptor = os.open(path, flags)
        file = io.FileIO(descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            file.close()
            raise ValueError("is not a regular file")
        return file

    def _path(self, name: str) -> str:
        return f"{self.folder.path}{os.sep}{name}"


def _info(folder: RawZip, name: str) -> zipfile.ZipInfo:
    # The builder's own archive: a second one would hold all names again.
    return folder._archive.getinfo(folder._prefix + name)
