"""IM029: two images look the same."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageEnhance

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    picture = drawn(1, (96, 96))
    brighter = ImageEnhance.Brightness(picture).enhance(1.1)
    larger = picture.resize((150, 150), Image.Resampling.BICUBIC)
    files = {
        NEUTRAL: saved(picture),
        HAPPY: saved(larger),
        SAD: saved(brighter, "JPEG", quality=60),
    }
    found = check_with(data_dir, files, depth="deep", split=["train", "test", "train"])
    # In how many bits they differ depends on how a version of Pillow scales and saves.
    return [replace(finding, message=re.sub(r"\d+ of 256", "N of 256", finding.message)) for finding in found]


def good(data_dir: Path) -> list[Finding]:
    picture = drawn(1, (96, 96))
    files = {NEUTRAL: saved(picture), HAPPY: saved(picture), SAD: saved(drawn(2, (96, 96)))}  # the same bytes: IM027
    return check_with(data_dir, files, depth="deep")


def good_default(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(1)), HAPPY: saved(drawn(1), "JPEG")})  # only --deep has pixels
