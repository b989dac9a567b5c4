"""Whether a card need not be rendered again: a digest of everything that rendering reads and writes.

In go the files and folders concerned; out comes a digest that is the same as long as none of them changed, and a file
in the work directory that remembers it. It needs none of the libraries that take longer to load than this takes.
"""

from __future__ import annotations

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
        state.update(f"\0{file}\0".encode("utf-8", "surrogateescape") + _content(file))
    for listing in listings:
        for line in _listed(os.fspath(listing)):
            state.update(line.encode("utf-8", "surrogateescape"))
    return state.hexdigest()


def known(work_dir: Path, found: str) -> bool:
    """Say whether this is the digest that was remembered."""
    try:
        return (work_dir / NAME).read_text() == found
    except OSError:
        return False


def remember(work_dir: Path, found: str) -> None:
    """Remember the digest of a card that is up to date."""
    part = work_dir / f".{NAME}.part"
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
        if entry.is_dir(follow_symlinks=False):
            yield from _listed(entry.path)
        else:
            state = entry.stat(follow_symlinks=False)
            yield f"{entry.path}\0{state.st_size}\0{state.st_mtime_ns}\0"
