"""The rows of a size, counted for the distributions, as far as they can be: a report is made of bad sheets, too.

In go the rows of the sheet; out come the Faces that the figures of the card are drawn from, and how many rows are left
out because a cell that is counted cannot be published.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, SPLITS
from tools.check.sheet.read import Sheet
from tools.describe.facts.description import Faces
from tools.describe.facts.rows import Counts

MOST_VALUES = 12  # of a column of words, named in the report
BINS = 20  # of a histogram


@dataclass(frozen=True)
class Counted:
    """The rows of one size that could be counted, how many could not, and the number of each word by column."""

    faces: Faces
    left_out: int
    words: dict[str, dict[str | None, int]]


def counted(size: str, rows: Sheet) -> Counted:
    """Count the rows of a size. Raises ValueError, in one line, where a column is missing or no row can be counted."""
    if missing := [column for column in ("emotion", "valence", "arousal") if not rows.has(column)]:
        raise ValueError(f"the sheet has no column {', '.join(missing)}")
    good = [pc.is_in(rows.text("emotion"), pa.array(EMOTIONS))]
    good += [pc.less_equal(pc.abs(rows.numbers(column)), 1.0) for column in ("valence", "arousal")]
    if rows.has("split"):
        good.append(pc.is_in(rows.text("split"), pa.array(SPLITS)))
    mask = pc.fill_null(functools.reduce(pc.and_, good), False)
    kept = rows.where(mask)
    if not kept.table.num_rows:
        raise ValueError("no row has an emotion, a valence, an arousal and a split that can be read")
    counts = Counts(kept)
    faces = Faces(
        size=size,
        rows=kept.table.num_rows,
        splits=counts.splits(),
        valence=counts.spreads("valence"),
        arousal=counts.spreads("arousal"),
        points=counts.points(),
        cells=counts.cells(),
        columns=[],
        pictures={},
        gallery={},
        models=counts.models(),
    )
    words = {column: values for column in ("style", "others", "sampler", "model") if (values := _words(kept, column))}
    return Counted(faces, rows.table.num_rows - kept.table.num_rows, words)


def _words(rows: Sheet, column: str) -> dict[str | None, int]:
    """Return rows by the words of a column, the most frequent first; nothing where all rows are empty."""
    if not rows.has(column):
        return {}
    counts = {one["values"]: int(one["counts"]) for one in pc.value_counts(rows.text(column)).to_pylist()}
    if set(counts) <= {None}:
        return {}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0] is None, item[0] or "")))


def histogram(values: np.ndarray) -> list[tuple[float, float, int]]:
    """Return (from, to, count) of BINS equal steps between the least and the greatest of finite values.

    Where all are the same, that is one step.
    """
    least, greatest = float(values.min()), float(values.max())
    if least == greatest:
        return [(least, greatest, len(values))]
    counts, edges = np.histogram(values, BINS)
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True))
