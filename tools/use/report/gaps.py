"""Where the balance has gaps: words that few rows have, and crossings that are empty or filled far below their share.

In go the counts of a size; out come gaps. A word of a column is far under an even share when it has less than half of
it. A crossing has, for its share, what its words alone would give it if they were independent: rows times the share of
each word. It is a gap where it is empty, or has less than half of that and by more than chance: its Pearson residual,
(rows - share) / sqrt(share), is below -2 (Agresti, Categorical Data Analysis, 3rd ed., section 3.3).
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from tools.describe.facts.description import Faces
from tools.describe.facts.rows import ORDERS

HALF = 0.5
RESIDUAL = -2.0
MOST_CELLS = 200_000  # crossings that are gone through: words that never repeat have more


@dataclass(frozen=True)
class Rare:
    """A word of a column that has less than half of an even share of the rows that state one."""

    column: str
    word: str
    rows: int
    even: float


@dataclass(frozen=True)
class Gap:
    """A crossing that is empty or far under its share: its words in the order of the columns, rows and share."""

    words: tuple[str, ...]
    rows: int
    share: float


@dataclass(frozen=True)
class Gaps:
    """The gaps of a size in the crossings of `columns`, those that lack the most rows first.

    There are `possible` crossings of the words that are there, `empty` of which have no row; `gaps` is None where there
    are too many to go through.
    """

    columns: tuple[str, ...]
    rare: list[Rare]
    possible: int
    empty: int
    gaps: list[Gap] | None


def gaps(faces: Faces) -> Gaps:
    """Return the gaps of a size in emotion and whatever of race, age and gender the sheet states."""
    columns = tuple(
        column for column in ORDERS if column == "emotion" or any(value is not None for (value,) in faces.by(column))
    )
    cells = {key: count for key, count in faces.by(*columns).items() if None not in key}
    total = sum(cells.values())
    margins: list[dict[str, int]] = [{} for _ in columns]
    for key, count in cells.items():
        for margin, word in zip(margins, key, strict=True):
            margin[str(word)] = margin.get(str(word), 0) + count
    rare = [
        Rare(column, word, count, total / len(margin))
        for column, margin in zip(columns, margins, strict=True)
        for word, count in margin.items()
        if count < HALF * total / len(margin)
    ]
    possible = math.prod(map(len, margins)) if total else 0
    empty = possible - len(cells)
    if possible > MOST_CELLS:
        return Gaps(columns, rare, possible, empty, None)
    found = []
    for words in itertools.product(*margins) if total else ():
        share = total * math.prod(margin[word] / total for margin, word in zip(margins, words, strict=True))
        count = cells.get(words, 0)
        if not count or (count < HALF * share and (count - share) / math.sqrt(share) < RESIDUAL):
            found.append(Gap(words, count, share))
    return Gaps(columns, rare, possible, empty, sorted(found, key=lambda gap: gap.rows - gap.share))
