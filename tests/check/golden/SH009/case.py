"""SH009: a path is empty, leaves the data directory or is not in plain form."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    paths = ["", "/etc/passwd", "DifussionEmotion_S/../secret.png", "C:/x.png", r"DifussionEmotion_S\fear\x.png",
             "DifussionEmotion_S//x.png", "~/x.png", "DifussionEmotion_S/\x1b[2J/\x01.png"]  # fmt: skip
    return broken_cells(data_dir, path=paths)


def good(data_dir: Path) -> list[Finding]:
    """Points, spaces and other alphabets within names lead nowhere else."""
    paths = [
        "DifussionEmotion_S/neutral/a..b.png",
        "DifussionEmotion_S/happy/x (2).png",
        "DifussionEmotion_S/sad/é~.png",
    ]
    return broken_cells(data_dir, path=paths)
