"""IM021: metadata name a camera or its owner."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, exif, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    camera = exif(Make="ACME", Model="Camera 1", BodySerialNumber="0815", MakerNote=b"secret")
    return check_with(
        data_dir, {NEUTRAL: saved(drawn(0), "JPEG", exif=camera), HAPPY: saved(drawn(1), exif=exif(Make="ACME"))}
    )


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {SAD: saved(drawn(2), "JPEG", exif=exif(Software="a generator", Make=" "))})
