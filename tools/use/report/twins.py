"""Pictures that are in a config twice, as pairs: with the same bytes, or looking the same.

In go the digests and perceptual hashes of a config's pictures, out come pairs, those across splits first: a picture
that a model was trained on must not be one that it is tested on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.check.images.duplicates import alike, same
from tools.use.report.tree import Pictures


@dataclass(frozen=True)
class Pair:
    """Two pictures of a config by their places; `bits` of their hashes differ, None: they have the same bytes."""

    later: int
    earlier: int
    bits: int | None
    across: bool

    @property
    def order(self) -> tuple[bool, int, int, int]:
        """The key that sorts pairs: across splits first, then those that are most alike."""
        return not self.across, -1 if self.bits is None else self.bits, self.earlier, self.later


@dataclass(frozen=True)
class Twins:
    """The pairs of a config in order; of `unknown` pictures not every likely twin was looked at."""

    pairs: list[Pair]
    unknown: int = 0

    @property
    def across(self) -> int:
        """How many pairs lie in two splits."""
        return sum(pair.across for pair in self.pairs)


def twins(pictures: Pictures) -> Twins:
    """Return each picture that an earlier one equals or looks like, with one such, as the linter pairs them."""
    splits, copies = pictures.splits, np.zeros(len(pictures.images.names), bool)
    pairs = []
    for later, earlier in _copies(pictures):
        copies[later] = True
        pairs.append(Pair(later, earlier, None, _differ(splits, later, earlier)))
    unknown = 0
    if len(pictures.looks):
        places, hashes = pictures.looks.where(~copies)
        found = alike(hashes)
        unknown = found.unknown
        for later_row, earlier_row, bits in found.pairs:
            later, earlier = int(places[later_row]), int(places[earlier_row])
            pairs.append(Pair(later, earlier, bits, _differ(splits, later, earlier)))
    return Twins(sorted(pairs, key=lambda pair: pair.order), unknown)


def _differ(splits: npt.NDArray[np.int64], one: int, other: int) -> bool:
    """Say whether two pictures have a split each, and not the same."""
    return bool(min(splits[one], splits[other]) >= 0 and splits[one] != splits[other])


def _copies(pictures: Pictures) -> Iterator[tuple[int, int]]:
    """Yield (later, earlier) for each picture with the bytes of an earlier one, of another split where there is one."""
    places, digests = pictures.sha256.where()
    for rows in same(digests):
        group = places[rows].tolist()
        by_split: dict[int, int] = {}  # the first of each split
        for place in group:
            split = int(pictures.splits[place])
            others = [first for other, first in by_split.items() if min(other, split) >= 0 and other != split]
            if by_split:
                yield place, min(others or by_split.values())
            by_split.setdefault(split, place)
