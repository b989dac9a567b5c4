"""SH011: two rows have one path."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells, check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    write_sheet(sheet(data_dir), [*rows, rows[0], rows[2], rows[0]])
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """Paths that differ in one letter, or in case, are two."""
    paths = ["DifussionEmotion_S/neutral/aaaaaaaa_0.png", "DifussionEmotion_S/neutral/aaaaaaaA_0.png"]
    return broken_cells(data_dir, path=paths)
