"""A look at the files of images: what their bytes tell, whatever the sheet and other images say.

In go a raw folder and names of files, out comes what was seen of each. It needs no sheet and no memory of what was
proven, so it can be done in any thread, and by another machine that sees the same files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from PIL.Image import Image as Pixels

from tools.check.findings import Finding
from tools.check.images.content import content_findings, unreadable
from tools.check.images.examine import Look, examine
from tools.check.images.formats import Header, format_of, header_of_head, too_large
from tools.check.images.proven import Facts
from tools.check.images.recipe import parse_parameters
from tools.check.images.rules import BOMB, IMAGE_BROKEN
from tools.check.images.source import Source, Stamp

Depth = Literal["quick", "default", "deep"]


@dataclass
class Looked:
    """What was seen of an image: what is wrong with its bytes, and, where they are whole, what they say.

    `header` is None where nothing more is to be said of the image, `known` what was remembered of the same bytes, which
    were then not examined, `recipe` that of the image, by the columns of the sheet. `look` is its perceptual hash
    (None: not asked for, empty: too plain for one), and `thumbnail` that of which it is still to be made.
    """

    findings: list[Finding] = field(default_factory=list)
    sha256: bytes = b""
    header: Header | None = None
    known: Facts | None = None
    recipe: dict[str, str] = field(default_factory=dict)
    look: bytes | None = None
    thumbnail: Pixels | None = None


class Eye:
    """Looks at the files of one raw folder or zip, in any thread."""

    def __init__(self, source: Source, depth: Depth, look: Look | None) -> None:
        self._source, self._depth, self._look = source, depth, look

    def see(self, name: str, stamp: Stamp | None, recall: Callable[[bytes], Facts | None] | None = None) -> Looked:
        """Return what one file tells. Bytes that `recall` knows by their SHA-256 are not examined."""
        file = f"{self._source.folder.name}/{name}"
        try:
            if self._depth == "quick":
                return self._head(file, self._source.head(name))
            content = self._source.read(name, stamp)
        except (ValueError, OSError) as error:
            return Looked([unreadable(file, error)])
        sha256 = hashlib.sha256(content).digest()
        if recall and (known := recall(sha256)):  # copied or touched: known by its bytes
            return Looked(known=known)
        found = examine(content, pixels=self._depth == "deep")
        looked = Looked(list(content_findings(file, content, found)), sha256)
        looked.recipe = parse_parameters(found.metadata.parameters)
        if not (found.problem or found.bomb):
            looked.header, looked.thumbnail, looked.look = found.header, found.thumbnail, b"" if self._look else None
        return looked

    def _head(self, file: str, head: bytes) -> Looked:
        if not head or not format_of(head):
            problem = examine(head).problem
            return Looked([IMAGE_BROKEN.at(file, f"image {problem}", "copy or generate the image again")])
        header = header_of_head(head)
        if header is None:  # longer than what was read, or damaged: for a deeper look to say
            return Looked()
        if bomb := too_large(header.width, header.height):
            return Looked([BOMB.at(file, f"image {bomb}")])
        return Looked(header=header)

    def add_looks(self, seen: Sequence[Looked]) -> None:
        """Make the perceptual hashes of those images that have a thumbnail, all at once: that is faster."""
        found = [(looked, looked.thumbnail) for looked in seen if looked.thumbnail]
        if self._look and found:
            for (looked, _), bits in zip(found, self._look([thumbnail for _, thumbnail in found]), strict=True):
                looked.look = bits
        for looked, _ in found:
            looked.thumbnail = None
