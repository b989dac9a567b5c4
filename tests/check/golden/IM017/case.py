"""IM017: a crop is not square."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, crops={NEUTRAL: saved(drawn(0, (40, 41)))})


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {HAPPY: saved(drawn(1, (48, 64)))}, {NEUTRAL: saved(drawn(0, (40, 40)))})
