"""SH011: two rows have one path."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    write_sheet(sheet(data_dir), [*rows, rows[0], rows[2], rows[0]])
    return check(data_dir)
