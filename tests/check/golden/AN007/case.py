"""AN007: two annotated images have one id."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import EMONET, check
from tests.trees import png, write_emonet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_emonet(data_dir)
    images = data_dir / "emonet-face-binary/images"
    (images / "b").mkdir()
    (images / "b/00000.png").write_bytes(png(1, 2))
    (data_dir / "emonet-face-binary/binary.csv").write_text(
        "path,annotator,value,emotion\nimages/00000.png,h,True,Awe\nimages/b/00000.png,h,True,Awe\n00001,h,True,Awe\n"
    )
    return check(data_dir, *EMONET)
