"""IM027: two files of a split have the same bytes."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, SAD, check_with, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    same = saved(drawn(1))
    return check_with(data_dir, {NEUTRAL: same, HAPPY: same, SAD: same})


def good(data_dir: Path) -> list[Finding]:
    same = saved(drawn(1))
    return check_with(data_dir, {NEUTRAL: same}, {NEUTRAL: same})  # a crop of all of its original
