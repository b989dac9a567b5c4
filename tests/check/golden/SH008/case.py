"""SH008: the sheet has no row for a size."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    write_sheet(sheet(data_dir), [])
    return check(data_dir)
