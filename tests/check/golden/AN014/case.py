"""AN014: an emotion of an image of EmoNet-Face Binary is judged more than three times."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import judged
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    four = [(image, f"human-{number}", "True", "Fear") for image in ("00000", "00001") for number in range(4)]
    return judged(data_dir, *four, *(("00001", f"human-{number}", "True", "Awe") for number in range(5)))


def good(data_dir: Path) -> list[Finding]:
    """Three judgements of one emotion, and three of another one."""
    return judged(
        data_dir, *(("00000", f"human-{number}", "True", emotion) for number in range(3) for emotion in ("Fear", "Awe"))
    )
