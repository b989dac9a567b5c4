"""AN012: an annotator contradicts what the same annotator said."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import RATINGS, judged, rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return judged(data_dir, ("00000", "human-1", "True", "Fear"), ("00000", "human-1", "False", "Fear"))


def bad_ratings(data_dir: Path) -> list[Finding]:
    return rated(data_dir, ("00000", "expert-1", RATINGS), ("00000", "expert-1", "{'Negative|Anger': 7}"))


def good(data_dir: Path) -> list[Finding]:
    """Two annotators may well disagree."""
    return judged(data_dir, ("00000", "human-1", "True", "Fear"), ("00000", "human-2", "False", "Fear"))
