"""AN003: the image of an annotation is missing, ambiguous or unsafe."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    folder = data_dir / "emonet-face-binary"
    (folder / "more").mkdir()
    (folder / "more/00001.jpg").write_bytes(b"")
    with (folder / "binary.csv").open("a") as file:
        file.write("77777,human-1,True,Anger\n../../00000,human-1,True,Anger\n,human-1,True,Anger\n")
    return check(data_dir, *EMONET)
