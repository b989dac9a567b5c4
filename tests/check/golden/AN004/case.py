"""AN004: an image has no annotation, so it is not published."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import png, write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    (data_dir / "emonet-face-hq/images/77777.png").write_bytes(png(1, 2))
    return check(data_dir, *EMONET)
