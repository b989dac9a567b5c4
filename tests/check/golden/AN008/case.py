"""AN008: a category is not in the taxonomy and is read as another one."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import RATINGS, judged, rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return judged(
        data_dir,
        ("00000", "human-1", "True", "Anger"),
        ("00000", "human-1", "True", "Hopelessness"),
        ("00001", "human-2", "False", "Hopelessness"),
    )


def bad_ratings(data_dir: Path) -> list[Finding]:
    return rated(data_dir, ("00000", "expert-1", RATINGS), ("00000", "expert-2", "{'Negative|Hopelessness': 2}"))


def good(data_dir: Path) -> list[Finding]:
    """The category that is meant, and an annotator of that name."""
    return judged(data_dir, ("00000", "Hopelessness", "True", "Helplessness"))


def good_ratings(data_dir: Path) -> list[Finding]:
    return rated(
        data_dir, ("00000", "Hopelessness", "{'X|Helplessness': 2, 'Extra Dimensions|NoHopelessness': 'Hopelessness'}")
    )
