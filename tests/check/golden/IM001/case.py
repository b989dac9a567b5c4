"""IM001: a config has no data here."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, check
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / CROPS).rename(data_dir / "crops")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / "DifussionEmotion_M").write_text("the folder of a config that is not checked")
    (data_dir / CROPS).rename(data_dir / "DifussionEmotion_S_cropped")  # the other spelling is accepted
    return check(data_dir)
