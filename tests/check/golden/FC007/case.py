"""FC007: a crop was made with another size or margin than is asked for now."""

from __future__ import annotations

from pathlib import Path

from tests.check.crops import NAMES, crop, crop_with
from tools.check.findings import Finding

ROWS = {NAMES[0]: {"face_box": "4 4 20 20"}, NAMES[1]: {"face_box": "8 8 30 30"}}


def bad(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, ROWS)
    return crop(data_dir, margin=8)


def good(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, ROWS)
    return [*crop(data_dir), *crop(data_dir, margin=8, again=True), *crop(data_dir, margin=8)]
