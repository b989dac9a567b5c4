"""FC006: a face is cut off by the edge of its picture."""

from __future__ import annotations

from pathlib import Path

from tests.check.crops import NAMES, cells, crop_with
from tools.check.findings import Finding

BOXES = ("0 4 30 30", "4 -3 30 30", "18 4 30 30", "4 4 30 60")


def bad(data_dir: Path) -> list[Finding]:
    rows = {name: {"face_box": box} for name, box in zip(NAMES, BOXES, strict=True)}
    return crop_with(data_dir, rows)


def bad_later(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, {NAMES[0]: {"face_box": BOXES[0]}})
    return crop_with(data_dir, cells(data_dir))


def good(data_dir: Path) -> list[Finding]:
    return crop_with(data_dir, {NAMES[0]: {"face_box": "0.5 0.5 47 47"}})
