"""FC005: a picture has several faces, of which the largest was taken."""

from __future__ import annotations

from pathlib import Path

from tests.check.crops import NAMES, cells, crop_with
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 30 30"}})
    rows = cells(data_dir)
    rows[NAMES[0]]["faces"] = "3"  # as a detector found
    return crop_with(data_dir, rows)


def good(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 30 30"}})
    return crop_with(data_dir, cells(data_dir))
