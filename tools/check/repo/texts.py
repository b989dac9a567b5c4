"""Rules for the content of small text files: secrets, and scripts that make `datasets` refuse a repository.

Files are read in pieces. A secret itself is never in a finding, only its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.check.findings import Finding, quote
from tools.check.repo.rules import SCRIPT, SECRET, UNREADABLE
from tools.check.repo.tree import Tree
from tools.check.secrets import PASSWORD, credentials

# What people write is far below; what is larger is data.
LARGEST_TEXT = 64 * 2**20
PIECE = 2**20
LONGEST_SECRET = 512  # bytes: what of a piece is looked at again with the next
# What every loading script does: it makes a builder of one of the classes of datasets. The bound keeps the search
# short in a file of many brackets that never close.
_BUILDER = re.compile(rb"class\s+\w+\s*\([^)]{0,300}\b(?:GeneratorBased|ArrowBased|Beam|Dataset)Builder\b")


def text_findings(tree: Tree) -> Iterator[Finding]:
    """Yield the secrets in the text files of a tree, and the scripts at its root."""
    for name, size in sorted(tree.files.items()):
        try:
            if size <= LARGEST_TEXT:
                yield from _secrets(tree, name)
            if name.endswith(".py") and "/" not in name:
                yield from _script(tree, name)
        except OSError as error:
            yield UNREADABLE.at(name, f"file cannot be read ({error.strerror})")


def _secrets(tree: Tree, name: str) -> Iterator[Finding]:
    with tree.path(name).open("rb") as file:
        piece = file.read(PIECE)
        if b"\0" in piece[:8192] or piece.startswith((b"PAR1", b"\x89PNG", b"\xff\xd8", b"PK\x03\x04")):
            return  # data, not text
        line, carried = 1, b""
        while piece:
            window = carried + piece
            # What begins in the last bytes may go on in the next piece, which begins with them.
            last = not (following := file.read(PIECE))
            keep = len(window) if last else max(len(window) - LONGEST_SECRET, 0)
            for index, kind, _ in credentials(window.decode("latin-1")):  # a character a byte
                if index < keep and kind != PASSWORD:  # in data an address with a name is as often a made one
                    place = line + window.count(b"\n", 0, index)
                    yield SECRET.at(name, f"line holds {kind}, which is not repeated here", line=place)
            line += window.count(b"\n", 0, keep)
            carried, piece = window[keep:], following


def _script(tree: Tree, name: str) -> Iterator[Finding]:
    own_name = tree.folder.resolve().name + ".py"
    with tree.path(name).open("rb") as file:
        is_builder = _BUILDER.search(file.read(PIECE))
    if name == own_name:
        yield SCRIPT.at(name, f"script has the name of the repository, {quote(name)}")
    elif is_builder:
        yield SCRIPT.at(name, "script defines a builder of datasets, as loading scripts do")
