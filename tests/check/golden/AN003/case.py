"""AN003: the image of an annotation is missing, ambiguous or unsafe."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    folder = data_dir / "emonet-face-binary"
    (folder / "more").mkdir()
    (folder / "more/00001.jpg").write_bytes(b"")
    with (folder / "binary.csv").open("a") as file:
        file.write("77777,human-1,True,Anger\n77777,human-2,True,Anger\n../../00000,human-1,True,Anger\n")
        file.write(",human-1,True,Anger\n")
    return check(data_dir, *EMONET)


def good(data_dir: Path) -> list[Finding]:
    """An image by its whole path, by its name, and by its name without ending."""
    write_upstream(data_dir)
    with (data_dir / "emonet-face-binary/binary.csv").open("a") as file:
        file.write("images/00000.png,human-5,True,Awe\n00000.png,human-6,True,Awe\n00000,human-7,True,Awe\n")
    return check(data_dir, *EMONET)
