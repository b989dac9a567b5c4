"""IM018: an image is all of one colour."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    # A PNG is decoded by default only where its first pixels are of one colour; every other format is.
    black, grey = Image.new("RGB", (512, 512)), Image.new("L", (48, 48), 128)
    return check_with(data_dir, {NEUTRAL: saved(black), HAPPY: saved(grey, "JPEG")})


def bad_stored(data_dir: Path) -> list[Finding]:
    files = {
        NEUTRAL: saved(Image.new("RGB", (64, 64), (3, 2, 1))),
        HAPPY: saved(Image.new("RGB", (256, 256), (9, 9, 9)), compress_level=0),
        SAD: saved(Image.new("1", (700, 700))),
    }
    return [finding for finding in check_with(data_dir, files) if finding.rule == "IM018"]


def bad_deep(data_dir: Path) -> list[Finding]:
    # One colour that stands twice in the palette begins as a picture does, and only its pixels tell.
    twice = Image.new("P", (48, 48))
    twice.putpalette([7, 7, 7] * 2)
    twice.putpixel((30, 0), 1)
    files = {NEUTRAL: saved(twice), SAD: saved(Image.new("RGB", (48, 48), (0, 9, 0)))}
    return [finding for finding in check_with(data_dir, files, depth="deep") if finding.rule == "IM018"]


def good(data_dir: Path) -> list[Finding]:
    nearly = Image.new("RGB", (512, 512))
    nearly.putpixel((300, 200), (0, 0, 1))
    return check_with(data_dir, {NEUTRAL: saved(nearly), HAPPY: saved(drawn(1))}, depth="deep")


def good_default(data_dir: Path) -> list[Finding]:
    nearly = Image.new("RGB", (512, 512))
    nearly.putpixel((300, 200), (0, 0, 1))
    return check_with(data_dir, {NEUTRAL: saved(nearly), HAPPY: saved(drawn(1))})
