"""FC002: a picture without a usable face has no crop, and --on-missing is fail."""

from __future__ import annotations

from pathlib import Path

from tests.check.crops import NAMES, crop_with
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = {NAMES[0]: {"face_box": ""}, NAMES[1]: {"face_box": "4 4 12 30"}, NAMES[2]: {"face_box": "0 4 30 30"}}
    return crop_with(data_dir, rows, on_missing="fail", refuse=frozenset({"cut-off"}))


def good(data_dir: Path) -> list[Finding]:
    rows = {NAMES[0]: {"face_box": "4 4 20 20"}, NAMES[1]: {"face_box": "0 4 30 30"}}
    return crop_with(data_dir, rows, on_missing="fail")
