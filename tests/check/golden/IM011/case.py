"""IM011: bytes follow the end of an image."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    jpeg, webp = saved(drawn(1), "JPEG"), saved(drawn(2), "WEBP")
    found = check_with(
        data_dir, {NEUTRAL: saved(drawn(0)) + b"PK\3\4 a zip", HAPPY: jpeg + b"\0" * 7, SAD: webp + b"more bytes"}
    )
    # How long a JPEG or WebP is differs between versions of their encoders.
    return [replace(finding, message=re.sub(r"at byte [\d,]*\d", "at byte N", finding.message)) for finding in found]


def good(data_dir: Path) -> list[Finding]:
    thumbnail = b"Exif\0\0" + saved(drawn(3, (8, 8)), "JPEG")  # an end within, which is not that of the image
    progressive = saved(drawn(1), "JPEG", progressive=True, exif=thumbnail)
    return check_with(data_dir, {NEUTRAL: saved(drawn(0)), HAPPY: progressive, SAD: saved(drawn(2), "WEBP")})
