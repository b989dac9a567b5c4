"""FC003: a picture without a usable face was passed over, as --on-missing skip asks."""

from __future__ import annotations

from pathlib import Path

from tests.check.crops import NAMES, crop_with
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return crop_with(data_dir, {NAMES[0]: {"face_box": ""}, NAMES[1]: {"face_box": "4 4 19 30"}})


def good(data_dir: Path) -> list[Finding]:
    return crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 20 20"}})
