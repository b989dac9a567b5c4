"""IM013: an image has more than one frame."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    kinds = {NEUTRAL: "PNG", HAPPY: "WEBP", SAD: "GIF"}
    more = {"save_all": True, "append_images": [drawn(8), drawn(9)]}
    return check_with(data_dir, {name: saved(drawn(1), kind, **more) for name, kind in kinds.items()})


def good(data_dir: Path) -> list[Finding]:
    kinds = {NEUTRAL: "PNG", HAPPY: "WEBP", SAD: "GIF"}
    return check_with(data_dir, {name: saved(drawn(1), kind, save_all=True) for name, kind in kinds.items()})
