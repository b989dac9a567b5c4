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


def good(data_dir: Path) -> list[Finding]:
    """One row is one, and the other spelling of the folder counts."""
    rows = write_faces(data_dir, 1, 2)
    (data_dir / "DifussionEmotion_S").rename(data_dir / "DiffusionEmotion_S")
    rows[0]["path"] = rows[0]["path"].replace("Difussion", "Diffusion")
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)
