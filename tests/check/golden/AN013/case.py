"""AN013: an image of EmoNet-Face HQ does not have four annotators."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import EXPERTS, RATINGS, rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    five = [("00000", f"expert-{number}", RATINGS) for number in range(5)]
    return rated(data_dir, *five, ("00001", "expert-1", RATINGS))


def good(data_dir: Path) -> list[Finding]:
    """Four experts; models, which are not counted, rate as well."""
    return rated(data_dir, *((image, who, RATINGS) for image in ("00000", "00001") for who in EXPERTS))
