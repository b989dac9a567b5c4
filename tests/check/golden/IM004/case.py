"""IM004: a raw folder or zip holds no image."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import ORIGINALS, check
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS).rename(data_dir / "originals")
    (data_dir / ORIGINALS / "angry").mkdir(parents=True)
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 1, 2)
    (data_dir / ORIGINALS / "neutral").rename(data_dir / ORIGINALS / "other")  # one image, in a folder that is none
    return check(data_dir)
