"""IM026: the sheet has rows of a size that has no folder here."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import face_rows, write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 4, 2)
    write_sheet(sheet(data_dir), [*rows, *face_rows(3, "DifussionEmotion_M"), *face_rows(1, "DiffusionEmotion_L")])
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 4, 2)
    write_sheet(sheet(data_dir), [*rows, *face_rows(3, "DifussionEmotion_M")])
    (data_dir / "DiffusionEmotion_M").mkdir()  # it is here, and was not to be checked
    return check(data_dir)
