"""AN010: a rating is not a number from 0 to 7."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return rated(
        data_dir,
        ("00000", "expert-1", "{'Negative|Anger': 9}"),
        ("00000", "expert-2", "{'Negative|Anger': -0.5}"),
        ("00000", "expert-3", "{'Negative|Anger': '3'}"),
        ("00000", "expert-4", "{'Negative|Anger': True}"),
    )


def good(data_dir: Path) -> list[Finding]:
    """Both ends of the scale, a number between, and no rating at all, which is 0."""
    return rated(
        data_dir, ("00000", "expert-1", "{'X|Anger': 0, 'X|Awe': 7, 'X|Fear': 3.5}"), ("00000", "expert-2", "{}")
    )
