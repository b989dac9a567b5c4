"""AN001: the annotations are missing or cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    (data_dir / "emonet-face-hq/hq.csv").unlink()
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,value\n00000,True\n")
    return check(data_dir, *EMONET)
