"""AN015: an ethnicity, gender or age is not among those that upstream publishes."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import described
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return described(data_dir, "00000.png,a,Nordic,women,19\n00001.png,a,Nordic,other,81\n,a,asians,man,30\n")


def good(data_dir: Path) -> list[Finding]:
    """Both ends of the ages, another case of letters, cells that are empty."""
    return described(data_dir, "00000.png,a,White Caucasian European,Non-binary person,20\n00001.png,a,arabic,,80.0\n")


def good_unknown(data_dir: Path) -> list[Finding]:
    return described(data_dir, "00000.png,a,,,\n")
