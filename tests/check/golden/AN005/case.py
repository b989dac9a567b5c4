"""AN005: the side file with prompts and demographics cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    (data_dir / "emonet-face-big/metadata.csv").write_text(
        "file_name,prompt,age\n00000.png,a,thirty\n,b,30\n00001.png,c,-1\n"
    )
    return check(data_dir, *EMONET)


def good(data_dir: Path) -> list[Finding]:
    """An age as a spreadsheet writes numbers, one that is not known, and columns that are not there."""
    write_upstream(data_dir)
    (data_dir / "emonet-face-big/metadata.csv").write_text("file_name,age\n00000.png,30.0\nimages/00001.png,\n")
    return check(data_dir, *EMONET)
