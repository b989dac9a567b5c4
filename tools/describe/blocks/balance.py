"""The block of the card on balance: images by race, age and gender, their crossings, the least and most filled cells.

In goes a Description; out comes Markdown. The sheet may hold any words: of many the most frequent are named, and the
rest is one group.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from DiffusionFER import EMOTIONS
from tools.describe.blocks.markdown import table
from tools.describe.blocks.text import by_size, percent, word
from tools.describe.facts.description import Description, Faces
from tools.describe.facts.rows import DEMOGRAPHICS

NAMED = 8  # values of a column that have a row of their own


def balance(description: Description) -> str | None:
    """Return the tables of balance of each size whose sheet states race, age or gender; None where there is none."""
    return by_size(description, _balance)


def _balance(faces: Faces) -> str | None:
    stated = [column for column in DEMOGRAPHICS if any(value is not None for (value,) in faces.by(column))]
    if not stated:
        return None
    parts = [_alone(faces, stated), *([_crossed(faces, stated)] if len(stated) > 1 else []), _extremes(faces, stated)]
    return "\n".join(parts)


class _Groups:
    """The values of a column as groups of a table: `index` has the group of a value, `labels` its name as Markdown."""

    def __init__(self, faces: Faces, column: str) -> None:
        counts = {value: count for (value,), count in faces.by(column).items()}
        frequent = sorted(counts, key=lambda value: (-counts[value], value is None, value or ""))
        kept = set(frequent if len(frequent) <= NAMED + 1 else frequent[:NAMED])
        named = [value for value in counts if value in kept]
        self.labels = [word(value) for value in named]
        if len(named) < len(counts):
            self.labels.append(f"{len(counts) - len(named):,} other values")
        self.index = {value: named.index(value) if value in kept else len(named) for value in counts}


def _alone(faces: Faces, stated: Sequence[str]) -> str:
    rows = []
    for column in stated:
        groups = _Groups(faces, column)
        counts = [0] * len(groups.labels)
        for (value,), count in faces.by(column).items():
            counts[groups.index[value]] += count
        for label, count in zip(groups.labels, counts, strict=True):
            rows.append((column, label, f"{count:,}", percent(count, faces.rows)))
    return table(("part", "value", "images", "share"), rows, numbers=("images", "share"))


def _crossed(faces: Faces, stated: Sequence[str]) -> str:
    """Return the crossings of all stated columns, the last of them across."""
    groups = [_Groups(faces, column) for column in stated]
    counts: dict[tuple[int, ...], int] = {}
    for values, count in faces.by(*stated).items():
        key = tuple(of.index[value] for of, value in zip(groups, values, strict=True))
        counts[key] = counts.get(key, 0) + count
    rows = []
    for down in itertools.product(*(range(len(of.labels)) for of in groups[:-1])):
        across = [counts.get((*down, last), 0) for last in range(len(groups[-1].labels))]
        labels = [of.labels[place] for of, place in zip(groups, down, strict=False)]
        rows.append((*labels, *(f"{count:,}" for count in (*across, sum(across)))))
    numbers = (*groups[-1].labels, "all")
    title = f"{', '.join(stated[:-1])} and {stated[-1]} crossed, in images:"
    return f"{title.capitalize()}\n\n{table((*stated[:-1], *numbers), rows, numbers=numbers)}"


def _extremes(faces: Faces, stated: Sequence[str]) -> str:
    """Return the sentence on the least and most filled of the cells that the words in the sheet can make."""
    cells = {key: count for key, count in faces.by("emotion", *stated).items() if None not in key}
    words = [{key[place] for key in faces.by(*stated) if key[place] is not None} for place in range(len(stated))]
    possible = len(EMOTIONS) * math.prod(map(len, words))
    named = f"Of the {possible:,} cells of emotion x {' x '.join(stated)}"
    if not cells:
        return f"{named}, none is filled.\n"
    least, most = min(cells.values()), max(cells.values())
    if empty := possible - len(cells):
        low = f"{empty:,} {'is' if empty == 1 else 'are'} empty"
    elif least == most:
        return f"{named}, each has {_images(most)}.\n"
    else:
        low = _filled(cells, least, "least")
    return f"{named}, {low}, and {_filled(cells, most, 'most')}.\n"


def _filled(cells: dict[tuple[str | None, ...], int], count: int, how: str) -> str:
    """Say how many cells have so many images, and which one for example."""
    found = [key for key, of in cells.items() if of == count]
    first = ", ".join(map(word, found[0]))
    if len(found) == 1:
        return f"1 is the {how} filled with {_images(count)} ({first})"
    return f"{len(found):,} are the {how} filled with {_images(count)} each (such as {first})"


def _images(count: int) -> str:
    return f"{count:,} image{'' if count == 1 else 's'}"
