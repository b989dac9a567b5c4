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


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    (data_dir / ORIGINALS / ".hidden.png").write_bytes(b"litter of a system")
    (data_dir / ORIGINALS / "notes.txt").write_text("no image")
    return check(data_dir)
