"""The rows of a config as the points of the viewer: one table, without pictures, as a Parquet file in memory.

In go the rows and the splits that are wanted; of Parquet files only the columns below are read. Out come the file and
what the page must know of it: which columns hold a value, and which have several, by which one can choose.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from DiffusionFER import EMOTIONS, FEATURES, SUBSETS
from tools.use.rows import Rows

ROW = "__row"  # the number of a point; the viewer shows no column that begins so
PICTURE = "picture"  # where the picture is: SPLIT/ROW
X, Y = "valence", "arousal"
CATEGORIES = ("emotion", "split", "race", "age", "gender", "style", "model")
SCORES = ("clip_score", X, Y)
TEXTS = ("race", "age", "gender", "style", "others", "model", "prompt", "image_id")  # as the sheet has them: anything
READ = ("image_id", "emotion", X, Y, "clip_score", "race", "age", "gender", "style", "others", "model", "prompt")
ORDER = (
    ROW,
    PICTURE,
    "prompt",
    "emotion",
    X,
    Y,
    *CATEGORIES[2:6],
    "others",
    "clip_score",
    "split",
    "model",
    "image_id",
)
# What the viewer would make a link, a picture or a sound of: it goes by how a value begins, so a space prevents it.
ADDRESS = "^(https?://|data:)"


@dataclass(frozen=True)
class Points:
    """The file of the points, how many they are, how many rows have no place, and what the columns hold."""

    content: bytes
    count: int
    unplaced: int
    columns: tuple[str, ...]
    categories: tuple[str, ...]
    scores: tuple[str, ...]


def read_points(rows: Rows, splits: Sequence[str]) -> Points:
    """Read the points of some splits. A row whose valence or arousal is not a number has no place, and is left out.

    Raises ValueError for a config without valence and arousal, a split that is not there, or when nothing is left;
    HubError where the Hub does not give the columns.
    """
    if not {X, Y} <= FEATURES[SUBSETS[rows.config].kind].keys():
        there = ", ".join(name for name, subset in SUBSETS.items() if {X, Y} <= FEATURES[subset.kind].keys())
        raise ValueError(f"config {rows.config} has no valence and arousal to place its pictures by; {there} have them")
    tables: list[pa.Table] = []
    total = 0
    for split in splits:
        table = _shown(rows.table(split, READ), split)
        total += table.num_rows
        placed = pc.and_(pc.is_finite(table[X]), pc.is_finite(table[Y]))
        tables.append(table.filter(placed))  # a null is no number either: filter drops it
    points = pa.concat_tables(tables) if tables else None
    if points is None or not points.num_rows:
        what = f"split {splits[0]}" if len(splits) == 1 else f"config {rows.config}"
        raise ValueError(f"{rows.name}: {what} has nothing to show: no row has a valence and an arousal")
    points = points.append_column(ROW, pa.array(range(points.num_rows), pa.int32()))
    held = [name for name in ORDER if points[name].null_count < points.num_rows]
    points = points.select(held)
    several = {
        name for name in (*CATEGORIES, *SCORES) if name in held and pc.count_distinct(points[name], "all").as_py() > 1
    }
    buffer = io.BytesIO()
    pq.write_table(points, buffer, compression="zstd")
    return Points(
        buffer.getvalue(),
        points.num_rows,
        total - points.num_rows,
        tuple(held),
        tuple(name for name in CATEGORIES if name in several),
        tuple(name for name in SCORES if name in several),
    )


def _shown(table: pa.Table, split: str) -> pa.Table:
    """Return a split as it is shown: names for labels, text that stays text, and where each picture is."""
    columns = {name: table[name] for name in READ}
    label = table["emotion"]
    known = pc.and_(pc.greater_equal(label, 0), pc.less(label, len(EMOTIONS)))  # -1 is how datasets writes no label
    columns["emotion"] = pc.take(pa.array(EMOTIONS), pc.if_else(known, label, None))
    for name in TEXTS:
        columns[name] = pc.replace_substring_regex(table[name], ADDRESS, r" \1")
    numbers = pc.cast(pa.array(range(table.num_rows), pa.int32()), pa.string())
    columns[PICTURE] = pc.binary_join_element_wise(split, numbers, "/")
    columns["split"] = pa.repeat(pa.scalar(split), table.num_rows)
    return pa.table(columns)
