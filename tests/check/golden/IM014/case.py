"""IM014: the pixels are neither RGB nor grey of 8 bits."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    originals = {
        NEUTRAL: saved(drawn(0, mode="P")),
        HAPPY: saved(drawn(1, mode="1")),
        SAD: saved(drawn(2, mode="I;16")),
    }
    crops = {NEUTRAL: saved(drawn(3, mode="CMYK"), "JPEG")}
    return check_with(data_dir, originals, crops)


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(0, mode="L")), HAPPY: saved(drawn(0, mode="L"), "JPEG")})
