"""IM002: a config has its data here more than once."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / "DiffusionEmotion_S.zip").write_bytes(b"")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / "DiffusionEmotion_S.zip.old").write_bytes(b"")
    return check(data_dir)
