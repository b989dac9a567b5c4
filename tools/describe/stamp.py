"""Whether a card need not be rendered again: a digest of everything that rendering reads and writes.

In go the files and folders concerned; out comes a digest that is the same as long as none of them changed, and a file
in the work directory that remembers it. It needs none of the libraries that take longer to load than this takes.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path

# What is rendered, whole or in part, besides assets/; named here, since render.py takes long to load.
CARD, DATASHEET, CROISSANT = "README.md", "DATASHEET.md", "croissant.json"
NAME = "rendered"
BLOCK = 2**20  # bytes read at a time
ROOT = Path(__file__).resolve().parent.parent.parent
# The code that renders, and the libraries whose output is rendered.
_CODE = ("DiffusionFER.py", "tools")
_LIBRARIES = ("pillow", "pyarrow", "numpy", "datasets", "pyyaml")


def digest(contents: Iterable[Path], listings: Iterable[Path]) -> str:
    """Return the digest of the bytes of `contents` and of names, sizes and times of the files below `listings`.

    A file that is missing counts as such. The renderer and its libraries are part of it.
    """
    state = hashlib.sha256(" ".join([sys.version, *(version(name) for name in _LIBRARIES)]).encode())
    for path in (ROOT / name for name in _CODE):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in (file for file in files if file.suffix in (".py", ".json")):
            state.update(_content(file))
    for file in contents:
        state.update(f"\0{file.absolute()}\0".encode("utf-8", "surrogateescape") + _content(file))
    for listing in listings:
        for line in _listed(os.fspath(listing.absolute())):
            state.update(line.encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def known(work_dir: Path, found: str) -> bool:
    """Say whether this is the digest that was remembered."""
    file = work_dir / NAME
    try:
        return file.is_file() and file.read_bytes() == found.encode()
    except OSError:
        return False


def remember(work_dir: Path, found: str) -> None:
    """Remember the digest of a card that is up to date; where that cannot be, the next run renders again."""
    part = work_dir / f".{NAME}.part"
    with contextlib.suppress(OSError):
        part.unlink(missing_ok=True)
        part.write_text(found)
        part.replace(work_dir / NAME)


def _content(file: Path) -> bytes:
    if not file.is_file():  # a pipe would wait
        return b"missing"
    content = hashlib.sha256()
    try:
        with file.open("rb") as opened:
            while block := opened.read(BLOCK):
                content.update(block)
    except OSError:
        return b"unreadable"
    return content.digest()


def _listed(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        yield f"{folder}\0missing\0"
        return
    for entry in entries:
        try:
            if entry.is_dir():
                yield from _listed(entry.path)
                continue
            state = entry.stat()
            yield f"{entry.path}\0{state.st_size}\0{state.st_mtime_ns}\0{state.st_ctime_ns}\0{state.st_ino}\0"
        except OSError:  # a link that leads nowhere, or in a circle
            yield f"{entry.path}\0unreadable\0"
