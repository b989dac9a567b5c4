"""IM006: an image has no row in the sheet."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, check, sheet
from tests.trees import write_faces, write_sheet, zip_folder
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 4, 2)
    write_sheet(sheet(data_dir), rows[:2])
    zip_folder(data_dir / CROPS)
    (data_dir / ORIGINALS / ".DS_Store").write_bytes(b"litter")
    return check(data_dir)
