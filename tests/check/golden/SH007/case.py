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
