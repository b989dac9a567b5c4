"""AN006: a config holds no annotation."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,annotator,value,emotion\n")
    for file in (data_dir / "emonet-face-big/vlm").iterdir():
        file.unlink()
    return check(data_dir, *EMONET)


def good(data_dir: Path) -> list[Finding]:
    """One annotation is enough."""
    write_upstream(data_dir)
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,annotator,value,emotion\n00000,human-1,True,Awe\n")
    return check(data_dir, *EMONET)
