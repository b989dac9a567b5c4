"""SH007: a column holds a type that the dataset cannot publish."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.check.material import check, sheet
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    table = {column: [row[column] for row in rows] for column in ("path", "emotion", "valence", "arousal")}
    table |= {"seed": [[1], [2], [3]], "prompt": [{"text": "a"}] * 3}
    pq.write_table(pa.table(table), data_dir / "dataset_sheet.parquet")
    sheet(data_dir).unlink()
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """Whole numbers, text for numbers, lists for boxes, and a column of nothing can all be published."""
    rows = write_faces(data_dir, 3, 2)
    table = {column: [row[column] for row in rows] for column in ("path", "emotion", "arousal")}
    table |= {"valence": ["0.5", "-1", "0"], "seed": [1.0, 2.0, None], "prompt": [None] * 3, "age": [20, 30, 40]}
    table |= {"face_box": [[1, 2, 3, 4], None, [0, 0, 1, 1]], "own": [{"text": "a"}] * 3}
    pq.write_table(pa.table(table), data_dir / "dataset_sheet.parquet")
    sheet(data_dir).unlink()
    return check(data_dir)
