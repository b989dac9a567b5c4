"""AN002: an annotation cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    with (data_dir / "emonet-face-hq/hq.csv").open("a") as file:
        file.write("00000,expert-9,{'Negative|Anger': 9},True\n00001,,{},True\n00001,expert-9,__import__('os'),True\n")
    with (data_dir / "emonet-face-binary/binary.csv").open("a") as file:
        file.write("00000,human-1,maybe,Anger\n00001,human-1,True,Angst\n")
    (data_dir / "emonet-face-big/vlm/1.json").write_text("{}")
    return check(data_dir, *EMONET)
