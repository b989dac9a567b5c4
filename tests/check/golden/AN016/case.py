"""AN016: annotators of EmoNet-Face Binary contradict each other."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import judged, rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    """Two pairs of image and emotion are disputed, one of them by three people; an alias is the emotion it means."""
    return judged(
        data_dir,
        ("00000", "human-1", "True", "Helplessness"),
        ("00001", "human-1", "False", "Fear"),
        ("00000", "human-2", "False", "Hopelessness"),
        ("00001", "human-2", "True", "Fear"),
        ("00001", "human-3", "True", "Fear"),
    )


def bad_one(data_dir: Path) -> list[Finding]:
    return judged(data_dir, ("00000", "human-1", "True", "Fear"), ("00000", "human-2", "False", "Fear"))


def good(data_dir: Path) -> list[Finding]:
    """The same annotator, another emotion or another image is no dispute."""
    return judged(
        data_dir,
        ("00000", "human-1", "True", "Fear"),
        ("00000", "human-1", "False", "Fear"),
        ("00000", "human-2", "False", "Anger"),
        ("00001", "human-2", "False", "Fear"),
        ("00000", "human-3", "True", "Fear"),
    )


def good_ratings(data_dir: Path) -> list[Finding]:
    """Ratings may differ by the whole scale."""
    return rated(
        data_dir,
        ("00000", "expert-1", "{'Negative|Anger': 0}"),
        ("00000", "expert-2", "{'Negative|Anger': 7}"),
    )
