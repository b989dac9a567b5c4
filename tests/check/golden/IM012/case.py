"""IM012: the ending of a file is that of another format."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import HAPPY, NEUTRAL, check_with, checked, drawn, saved
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {NEUTRAL: saved(drawn(0), "WEBP"), HAPPY: saved(drawn(1), "JPEG")}, depth="quick")


def good(data_dir: Path) -> list[Finding]:
    found = check_with(data_dir)
    (data_dir / "DifussionEmotion_S/happy/other.JPG").write_bytes(saved(drawn(1), "JPEG"))
    return found + checked(data_dir)
