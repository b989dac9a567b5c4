"""IM019: EXIF data turn the image."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, exif, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    originals = {
        NEUTRAL: saved(drawn(0), exif=exif(Orientation=6)),
        HAPPY: saved(drawn(1), "JPEG", exif=exif(Orientation=3)),
    }
    return check_with(data_dir, originals, {SAD: saved(drawn(2), "WEBP", exif=exif(Orientation=2))})


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(0), exif=exif(Orientation=1)), HAPPY: saved(drawn(1), "JPEG")})
