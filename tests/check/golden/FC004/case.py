"""FC004: the whole picture stands in for the crop of a face, as --on-missing keep asks."""

from __future__ import annotations

from pathlib import Path

from tests.check.crops import NAMES, crop, crop_with
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return crop_with(data_dir, {NAMES[0]: {"face_box": ""}, NAMES[1]: {"face_box": "4 4 19 30"}}, on_missing="keep")


def bad_later(data_dir: Path) -> list[Finding]:
    crop_with(data_dir, {NAMES[0]: {"face_box": ""}}, on_missing="keep")
    return crop(data_dir)


def good(data_dir: Path) -> list[Finding]:
    return crop_with(data_dir, {NAMES[0]: {"face_box": "4 4 20 20"}}, on_missing="keep")
