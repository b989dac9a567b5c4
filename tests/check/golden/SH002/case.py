"""SH002: the data directory holds two sheets."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / "dataset_sheet.parquet").write_bytes(b"")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """A copy under another name is no sheet."""
    write_faces(data_dir, 3, 2)
    (data_dir / "dataset_sheet.csv.bak").write_bytes(sheet(data_dir).read_bytes())
    return check(data_dir)
