"""Rules between the images of one config: sizes that differ from the others', and images that are there twice.

In go the facts of one image after the other; when all are there, out come findings. What is kept of an image is fixed:
two numbers for its size, 16 bytes of its SHA-256, and 32 of its perceptual hash where pictures are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from DiffusionFER import SPLITS
from tools.check.findings import Finding, quote
from tools.check.images.duplicates import ALIKE_BITS, Seen, alike, same
from tools.check.images.examine import HASH_SIDE
from tools.check.images.proven import Facts
from tools.check.images.rules import ALIKE, NOT_COMPARED, SAME_ACROSS_SPLITS, SAME_IN_SPLIT, SIZE

if TYPE_CHECKING:
    from tools.check.images.walk import Images

SHA256_KEPT = 16  # bytes: among 10**9 images two that differ agree in so many with a chance of 10**-21
HASH_BITS = HASH_SIDE**2


class Comparison:
    """Collects what is needed of a config's images to compare them, and compares them."""

    def __init__(self, images: Images, *, looks: bool, bytes_read: bool) -> None:
        count = len(images.names)
        self._images = images
        self._sizes = np.zeros((count, 2), np.uint32)
        self._splits = np.zeros(count, np.uint8)  # 0: none; else the place in SPLITS, from 1
        self._sha256 = Seen(count if bytes_read else 0, SHA256_KEPT)
        self._looks = Seen(count if looks else 0, HASH_BITS // 8)

    def add(self, place: int, facts: Facts, row: Mapping[str, Any] | None) -> None:
        """Take what is known of the image at `place`."""
        self._sizes[place] = facts.header.width, facts.header.height
        if row and (split := row.get("split")) in SPLITS:
            self._splits[place] = SPLITS.index(split) + 1
        if facts.sha256:
            self._sha256.add(place, facts.sha256)
        if facts.look and len(self._looks):
            self._looks.add(place, facts.look)

    def findings(self) -> Iterator[Finding]:
        """Yield what the images break together."""
        if self._images.variant == "original":
            yield from self._sizes_that_differ()
        copies = np.zeros(len(self._sizes), bool)
        for finding, place in self._same():
            copies[place] = True
            yield finding
        if len(self._looks):
            yield from self._alike(copies)

    def _sizes_that_differ(self) -> Iterator[Finding]:
        """Compare with the size that more than half of the originals have; where there is none, none is the odd one."""
        known = np.flatnonzero(self._sizes[:, 0])
        keys = self._sizes[known].astype(np.uint64) @ np.array([2**32, 1], np.uint64)
        if not len(keys):
            return
        values, counts = np.unique(keys, return_counts=True)
        usual, count = values[counts.argmax()], counts.max()
        if 2 * count <= len(keys):
            return
        width, height = int(usual) >> 32, int(usual) & (2**32 - 1)
        for place in known[keys != usual].tolist():
            given = " x ".join(f"{value:,}" for value in self._sizes[place].tolist())
            message = (
                f"original has {given} pixels, expected {width:,} x {height:,} as {count:,} of {len(keys):,} in "
                f"{self._images.config}"
            )
            yield SIZE.at(self._file(place), message, value=given)

    def _same(self) -> Iterator[tuple[Finding, int]]:
        """Yield a finding for each image whose bytes an earlier one has, and the image."""
        places, digests = self._sha256.where()
        for rows in same(digests):
            first, *others = places[rows].tolist()
            seen = [first]
            for place in others:
                split = self._splits[place]
                across = next((earlier for earlier in seen if self._splits[earlier] != split), None)
                if across is None:
                    message = f"file has the same bytes as {quote(self._name(first))}"
                    yield SAME_IN_SPLIT.at(self._file(place), message), place
                else:
                    message = f"file{self._in_split(place)} has the same bytes as {quote(self._name(across))}"
                    yield SAME_ACROSS_SPLITS.at(self._file(place), message + self._in_split(across)), place
                    continue
                if len(seen) < 2:
                    seen.append(place)

    def _alike(self, copies: np.ndarray) -> Iterator[Finding]:
        places, hashes = self._looks.where(~copies)
        found = alike(hashes)
        for later, earlier, bits in found.pairs:
            place, other = int(places[later]), int(places[earlier])
            message = f"image{self._in_split(place)} looks like {quote(self._name(other))}{self._in_split(other)}: "
            message += f"{bits} of {HASH_BITS} bits of their perceptual hashes differ, expected more than {ALIKE_BITS}"
            yield ALIKE.at(self._file(place), message)
        if found.unknown:
            message = f"{found.unknown:,} images were not compared with every one that may look the same: too many may"
            yield NOT_COMPARED.at(self._images.source.folder.name, message, "look at a sample of them yourself")

    def _in_split(self, place: int) -> str:
        split = self._splits[place]
        return f" of split {SPLITS[split - 1]}" if split else ""

    def _name(self, place: int) -> str:
        return str(self._images.names[place].as_py())

    def _file(self, place: int) -> str:
        return f"{self._images.source.folder.name}/{self._name(place)}"
