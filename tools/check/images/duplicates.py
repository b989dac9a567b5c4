"""Images that are there twice: with the same bytes, or looking the same though their bytes differ.

In go digests and perceptual hashes, one after the other, a few tens of bytes an image; out come pairs. Near ones are
looked for in bands: hashes that differ in at most N bits agree wholly in at least one of N + 1 bands (the pigeonhole
principle), so that hashes need to be compared only with those that share a band.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Of the 256 bits of the perceptual hash, as many as two images may differ in and still be called alike. Measured on
# 100 + 100 pictures of the embedded edition (Pillow 13): saved again as JPEG or WebP (quality 50 to 90), scaled by 1/3,
# 0.5, 0.9 or 2, brightened or darkened by a tenth, they differ in 0 to 12 bits; of the 2 x 1,124,250 pairs of drawn
# siblings the nearest differ in 26. A hash of 64 bits does not tell siblings (from 2 bits) from copies (up to 6).
ALIKE_BITS = 15
# Each image is compared with no more of those with which it shares a band: a hundred thousand drawings of one kind,
# none of which is near another, must not take hours. Of random hashes, 6 million images have so many.
NEIGHBOURS = 200
_BITS_SET = np.array([bin(value).count("1") for value in range(256)], np.uint8)

Digests = npt.NDArray[np.uint8]  # one a row


class Seen:
    """The digests of a config's images, in order; an image without one has zeros, and equals no other."""

    def __init__(self, count: int, length: int) -> None:
        self._digests = np.zeros((count, length), np.uint8)
        self._there = np.zeros(count, bool)

    def __len__(self) -> int:
        """How many images there is room for: none, where they are not to be compared."""
        return len(self._there)

    def add(self, index: int, digest: bytes) -> None:
        """Set the digest of the image at `index`."""
        self._digests[index] = np.frombuffer(digest, np.uint8)[: self._digests.shape[1]]
        self._there[index] = True

    def where(self, wanted: npt.NDArray[np.bool_] | None = None) -> tuple[npt.NDArray[np.int64], Digests]:
        """Return the places of all images that have a digest, or those `wanted` of them, and the digests."""
        places = np.flatnonzero(self._there if wanted is None else self._there & wanted)
        return places, self._digests[places]


def same(digests: Digests) -> Iterator[npt.NDArray[np.int64]]:
    """Yield, for each digest that is there more than once, the rows that have it, ascending."""
    order, starts = _groups(digests)
    lengths = np.diff(np.r_[starts, len(order)])
    for start, length in zip(starts[lengths > 1].tolist(), lengths[lengths > 1].tolist(), strict=True):
        yield order[start : start + length]


def _groups(digests: Digests) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the order that sorts digests, stable, and where in it each group of equal ones begins."""
    order = np.lexsort(digests.T[::-1]) if len(digests) else np.zeros(0, np.int64)
    ordered = digests[order]
    return order, np.flatnonzero(np.r_[True, np.any(ordered[1:] != ordered[:-1], axis=1)][: len(order)])


@dataclass(frozen=True)
class Alike:
    """Rows that look like an earlier one, each once, as (later, earlier, bits); and of how many it is not known."""

    pairs: list[tuple[int, int, int]]
    unknown: int


def alike(hashes: Digests, most: int = ALIKE_BITS, neighbours: int = NEIGHBOURS) -> Alike:
    """Return each row whose hash differs from an earlier one's in at most `most` bits, one such row, and in how many.

    n random hashes share a band of B bits with n / 2**B others each, and only such pairs are compared; pictures of one
    kind share some ten times as many. Where more than `neighbours` do, the nearest before it are compared.
    """
    bits, settled = np.unpackbits(hashes, axis=1), np.zeros(len(hashes), bool)
    unknown, pairs = np.zeros(len(hashes), bool), list[tuple[int, int, int]]()
    for band in np.array_split(bits, most + 1, axis=1):
        order, starts = _groups(np.packbits(band, axis=1))
        first = np.repeat(starts, np.diff(np.r_[starts, len(order)]))  # where the group of each begins
        places, step = np.flatnonzero(~settled[order]), 0
        while len(places):  # each with the one before it, then with the one before that, while they share the band
            step += 1
            places = places[places - step >= first[places]]
            if step > neighbours:
                unknown[order[places]] = True
                break
            earlier, later = order[places - step], order[places]
            distances = _BITS_SET[hashes[earlier] ^ hashes[later]].sum(axis=1, dtype=np.int64)
            near = distances <= most
            settled[later[near]] = True
            places = places[~near]
            pairs += zip(later[near].tolist(), earlier[near].tolist(), distances[near].tolist(), strict=True)
    return Alike(pairs, int((unknown & ~settled).sum()))
