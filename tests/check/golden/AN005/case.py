"""AN005: the side file with prompts and demographics cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    (data_dir / "emonet-face-big/metadata.csv").write_text(
        "file_name,prompt,age\n00000.png,a,thirty\n,b,30\n00001.png,c,-1\n"
    )
    return check(data_dir, *EMONET)
