"""AN011: an annotator judges one thing twice."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import RATINGS, judged, rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return judged(data_dir, *[("00000", "human-1", "True", "Fear")] * 2)


def bad_ratings(data_dir: Path) -> list[Finding]:
    return rated(data_dir, *[("00000", "expert-1", RATINGS)] * 2)


def good(data_dir: Path) -> list[Finding]:
    """Another emotion, another image, another annotator."""
    return judged(
        data_dir,
        ("00000", "human-1", "True", "Fear"),
        ("00000", "human-1", "True", "Awe"),
        ("00001", "human-1", "True", "Fear"),
        ("00000", "human-2", "True", "Fear"),
    )
