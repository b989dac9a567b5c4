"""AN006: a config holds no annotation."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    for name in ("0.json", "1.json"):
        (data_dir / "emonet-face-big/vlm" / name).unlink()
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,annotator,value,emotion\n")
    return check(data_dir, *EMONET)
