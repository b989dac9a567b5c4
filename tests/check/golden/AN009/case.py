"""AN009: a category is not in the taxonomy."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import judged, rated
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return judged(
        data_dir,
        ("00000", "human-1", "True", "Joy"),
        ("00001", "human-1", "True", "Joy"),
        ("00000", "human-1", "True", "anger"),
        ("00000", "human-1", "True", "Contentement"),
    )


def bad_ratings(data_dir: Path) -> list[Finding]:
    return rated(data_dir, ("00000", "expert-1", "{'Negative|Angst': 2}"))


def good(data_dir: Path) -> list[Finding]:
    return judged(data_dir, ("00000", "human-1", "True", "Pleasure/Ecstasy"), ("00000", "a", "True", "Jealousy & Envy"))
