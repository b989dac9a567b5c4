"""Whether shards were built from the sheet that the card is rendered from, by what their columns of labels hold.

In go the shards of a config and what was counted in the sheet; out comes how they differ, in words. Pictures are not
read: the columns of labels are a small part of a shard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import EMOTIONS
from tools.describe.facts.description import Faces
from tools.describe.facts.rows import DEMOGRAPHICS

# Shards hold float32, whose numbers near 1 are this far apart, and the sheet decimals.
CLOSE = 1e-6


def other_labels(config: str, shards: Iterable[tuple[str, Path]], faces: Faces) -> Iterator[str]:
    """Yield, in a line each, what the shards of a config hold that the sheet does not say: groups, and numbers.

    Compared are the rows of each emotion, race, age and gender, and mean, least and greatest valence and arousal.
    """
    columns = ["emotion", *DEMOGRAPHICS, "valence", "arousal"]
    table = pa.concat_tables([pq.read_table(file, columns=columns) for _, file in shards])
    held = {
        (EMOTIONS[row["emotion"]], *(row[name] for name in DEMOGRAPHICS)): row["emotion_count"]
        for row in table.group_by(["emotion", *DEMOGRAPHICS]).aggregate([("emotion", "count")]).to_pylist()
    }
    for cell in sorted({*held, *faces.cells}, key=str):
        if held.get(cell, 0) != (wanted := faces.cells.get(cell, 0)):
            words = ", ".join(word or "not stated" for word in cell)
            yield f"the shards of {config} hold {held.get(cell, 0):,} rows of {words}; the sheet has {wanted:,}"
    for column, spreads in (("valence", faces.valence), ("arousal", faces.arousal)):
        for row in table.group_by("emotion").aggregate([(column, name) for name in ("mean", "min", "max")]).to_pylist():
            emotion = EMOTIONS[row["emotion"]]
            if wanted_spread := spreads.get(emotion):
                sheets = {"mean": wanted_spread.mean, "min": wanted_spread.low, "max": wanted_spread.high}
                for name, number in sheets.items():
                    if not math.isclose(row[f"{column}_{name}"], number, abs_tol=CLOSE):
                        there = f"{row[f'{column}_{name}']:.6g}"
                        yield f"the {name} {column} of {emotion} is {there} in the shards of {config}, not {number:.6g}"
