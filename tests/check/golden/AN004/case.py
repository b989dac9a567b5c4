"""AN004: an image has no annotation, so it is not published."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tests.trees import png
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    (data_dir / "emonet-face-hq/images/77777.png").write_bytes(png(1, 2))
    return check(data_dir, *EMONET)


def good(data_dir: Path) -> list[Finding]:
    """What is no image needs no annotation."""
    write_upstream(data_dir)
    (data_dir / "emonet-face-hq/images/77777.txt").write_bytes(b"notes")
    return check(data_dir, *EMONET)
