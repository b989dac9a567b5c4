"""SH015: the folder of an image disagrees with its label."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, broken_cells, check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    for folder in (ORIGINALS, CROPS):
        (data_dir / folder / "happy").rename(data_dir / folder / "Happy")
    rows[1]["path"] = rows[1]["path"].replace("happy", "Happy")
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """Of a label that is none at all, another rule speaks."""
    return broken_cells(data_dir, emotion=["Neutral", "joy", ""])
