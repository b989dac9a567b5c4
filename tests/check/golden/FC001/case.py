"""FC001: a picture cannot be cropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.check.crops import FOLDER, NAMES, crop, crop_with
from tests.check.pictures import drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows: dict[str, dict[str, Any]] = {
        NAMES[0]: {"content": saved(drawn(0))[:600]},
        NAMES[1]: {"content": b"no picture"},
        NAMES[2]: {"sha256": "ab" * 32},
        NAMES[3]: {"face_box": "here"},
    }
    return crop_with(data_dir, rows)


def bad_crop(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 30 30"}})  # somebody's, of which a sheet says nothing
    return crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 20 20"}})


def good(data_dir: Path) -> list[Finding]:
    found = crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 30 30"}, NAMES[1]: {"face_box": "1.5 2 40 42"}})
    (data_dir / FOLDER / f"{NAMES[0]}.png").unlink()  # not generated yet
    return found + crop(data_dir, again=True)
