"""Git objects: their ids, their bytes, and a folder that holds them.

In come the contents of files, folders and commits; out go the ids that git itself would give them. The folder has git's
own layout of loose objects, so `git --git-dir` (with GIT_OBJECT_DIRECTORY set to it) can read and check what is stored.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

# A pointer is three short lines; git-lfs itself reads no more than this from a blob to see whether it is one.
MAX_POINTER_BYTES = 1024
POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (\d{1,18})\n")

# Compression at its fastest: regular files are small, and the rehearsal should not wait for zlib.
COMPRESSION_LEVEL = 1

# Enough compressed bytes to hold a loose object's header and the whole of a pointer.
HEAD_BYTES = 2048

# Descriptions of blobs kept in memory: one entry is some 200 bytes, so this stays below 50 MB.
DESCRIBED_BLOBS = 200_000

OBJECT_ID = re.compile(r"[0-9a-f]{40}")


class MissingObjectError(KeyError):
    """No object with this id is in the store."""


@dataclass(frozen=True)
class Pointer:
    """What a git LFS pointer says: the sha256 of the content and its size in bytes."""

    sha256: str
    size: int

    def encode(self) -> bytes:
        """Return the pointer file's bytes, as https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md gives them."""
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {self.size}\n".encode()


@dataclass(frozen=True)
class Blob:
    """A file as a commit sees it: its git id, the size in bytes of its blob, and the pointer where the blob is one."""

    oid: str
    stored_size: int
    pointer: Pointer | None = None

    @property
    def size(self) -> int:
        """The size in bytes of what a user downloads."""
        return self.pointer.size if self.pointer else self.stored_size

    @property
    def etag(self) -> str:
        """What the Hub names the content by: sha256 for LFS files, the git id for regular ones."""
        return self.pointer.sha256 if self.pointer else self.oid


def parse_pointer(content: bytes) -> Pointer | None:
    """Return the pointer that `content` is, or None where it is an ordinary file."""
    match = POINTER.fullmatch(content) if len(content) <= MAX_POINTER_BYTES else None
    return Pointer(match[1].decode(), int(match[2])) if match else None


def object_id(kind: str, content: bytes) -> str:
    """Return git's id of an object: the sha1 of its kind, its length and its content."""
    return hashlib.sha1(b"%s %d\0%s" % (kind.encode(), len(content), content)).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Put `content` at `path` so that a reader, or a crash, sees the old file or the new one and nothing between.

    Nothing is synced to the disk: a rehearsal has to survive the death of the server, not that of the machine.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class ObjectStore:
    """Loose git objects in a folder; safe for several threads, since an object never changes once it is there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._describe = lru_cache(maxsize=DESCRIBED_BLOBS)(self._read_description)

    def _path(self, oid: str) -> Path:
        return self.folder / oid[:2] / oid[2:]

    def write(self, kind: str, content: bytes) -> str:
        """Store an object of `kind` (blob, tree or commit) and return its id."""
        oid = object_id(kind, content)
        path = self._path(oid)
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            header = b"%s %d\0" % (kind.encode(), len(content))
            write_atomically(path, zlib.compress(header + content, COMPRESSION_LEVEL))
        return oid

    def read(self, kind: str, oid: str) -> bytes:
        """Return the content of the object of `kind` called `oid`.

        Raises MissingObjectError where it is not there or is of another kind.
        """
        if not OBJECT_ID.fullmatch(oid) or not self._path(oid).is_file():
            raise MissingObjectError(oid)
        header, _, content = zlib.decompress(self._path(oid).read_bytes()).partition(b"\0")
        if not header.startswith(kind.encode() + b" "):
            raise MissingObjectError(oid)
        return content

    def describe(self, oid: str) -> Blob:
        """Return size and pointer of the blob `oid` without unpacking all of it."""
        return self._describe(oid)

    def _read_description(self, oid: str) -> Blob:
        with self._path(oid).open("rb") as file:
            head = zlib.decompressobj().decompress(file.read(HEAD_BYTES), HEAD_BYTES)
        header, _, content = head.partition(b"\0")
        size = int(header.split()[1])
        return Blob(oid, size, parse_pointer(content) if size <= MAX_POINTER_BYTES else None)

    def with_prefix(self, prefix: str) -> list[str]:
        """Return the ids that begin with `prefix`, which has four hexadecimal digits or more."""
        folder = self.folder / prefix[:2]
        return [prefix[:2] + path.name for path in folder.glob(f"{prefix[2:]}*")] if folder.is_dir() else []


@dataclass(frozen=True)
class TreeItem:
    """A line of a git tree: a name, the id it stands for, and whether that is a folder."""

    name: str
    oid: str
    is_folder: bool


def encode_tree(items: Iterable[TreeItem]) -> bytes:
    """Return a git tree's content: git sorts by bytes, a folder as if its name ended in a slash."""
    ordered = sorted(items, key=lambda item: (item.name + "/" if item.is_folder else item.name).encode())
    return b"".join(
        (b"40000 " if item.is_folder else b"100644 ") + item.name.encode() + b"\0" + bytes.fromhex(item.oid)
        for item in ordered
    )


def decode_tree(content: bytes) -> list[TreeItem]:
    """Return the lines of a git tree."""
    items, start = [], 0
    while start < len(content):
        end = content.index(b"\0", start)
        mode, _, name = content[start:end].partition(b" ")
        items.append(TreeItem(name.decode(), content[end + 1 : end + 21].hex(), mode == b"40000"))
        start = end + 21
    return items


@dataclass(frozen=True)
class Commit:
    """A commit: its tree, what it follows, who made it, when (seconds since 1970, UTC), its title and its message."""

    tree: str
    parent: str | None
    author: str
    seconds: int
    title: str
    message: str

    def encode(self) -> bytes:
        """Return the commit's content as git writes it."""
        person = f"{self.author} <{self.author}@users.noreply.staging.invalid> {self.seconds} +0000"
        parent = f"parent {self.parent}\n" if self.parent else ""
        text = f"{self.title}\n\n{self.message}\n" if self.message else f"{self.title}\n"
        return f"tree {self.tree}\n{parent}author {person}\ncommitter {person}\n\n{text}".encode()


def decode_commit(content: bytes) -> Commit:
    """Return the commit that `content`, written by `Commit.encode`, holds."""
    head, _, text = content.decode().partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines())
    title, _, message = text.removesuffix("\n").partition("\n\n")
    author, _, rest = fields["author"].partition(" <")
    return Commit(fields["tree"], fields.get("parent"), author, int(rest.split()[-2]), title, message)
