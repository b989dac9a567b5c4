"""SH001: the data directory holds no sheet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.check.material import check, sheet
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """A Parquet sheet is a sheet."""
    rows = write_faces(data_dir, 3, 2)
    pq.write_table(pa.Table.from_pylist([{**row, "seed": None, "face_box": None} for row in rows]), data_dir / "s")
    (data_dir / "s").rename(data_dir / "dataset_sheet.parquet")
    sheet(data_dir).unlink()
    return check(data_dir)
