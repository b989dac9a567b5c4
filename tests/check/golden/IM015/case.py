"""IM015: an image has transparency."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    clear = drawn(2, mode="RGBA")
    clear.putalpha(100)
    originals = {NEUTRAL: saved(drawn(0, mode="RGBA")), HAPPY: saved(drawn(1), transparency=(1, 2, 3))}
    return check_with(data_dir, originals, {SAD: saved(drawn(2, mode="LA")), HAPPY: saved(clear, "WEBP")})


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(0)), HAPPY: saved(drawn(1, mode="RGBA").convert("RGB"), "WEBP")})
