"""IM018: an image is all of one colour."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    # A PNG is decoded by default only where it is too small for a picture; every other format is.
    black, grey = Image.new("RGB", (512, 512)), Image.new("L", (48, 48), 128)
    return check_with(data_dir, {NEUTRAL: saved(black), HAPPY: saved(grey, "JPEG")})


def bad_deep(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {SAD: saved(Image.new("RGB", (48, 48), (0, 9, 0)))}, depth="deep")


def good(data_dir: Path) -> list[Finding]:
    nearly = Image.new("RGB", (512, 512))
    nearly.putpixel((300, 200), (0, 0, 1))
    return check_with(data_dir, {NEUTRAL: saved(nearly), HAPPY: saved(drawn(1))}, depth="deep")
