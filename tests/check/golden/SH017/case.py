"""SH017: valence or arousal is not a number from -1 to 1."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    values = ["", "nan", "inf", "1.01", "-7", "0,5", "calm", " 0.5", "1e400", "1.0", "-1", "+.5", "1e-3"]
    return broken_cells(data_dir, valence=values, arousal=["0.1\n"])


def good(data_dir: Path) -> list[Finding]:
    """The ends of the scale, and every way to write a number."""
    return broken_cells(data_dir, valence=["1", "-1", "-0", "+.5", "1e-3", "1.0000"], arousal=["0", "-1.0"])
