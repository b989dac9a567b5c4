"""SH022: a number of the recipe or a score is outside its range."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return broken_cells(data_dir, steps=["0", str(2**31)], cfg_scale=["-1", "1000.5"], clip_score=["31500"])


def good(data_dir: Path) -> list[Finding]:
    """The ends of the ranges, and empty cells."""
    return broken_cells(data_dir, steps=["1", ""], cfg_scale=["0", "1000", ""], clip_score=["-100", "100", "0.31"])
