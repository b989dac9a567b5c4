"""IM007: a file is no image and has no row."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import ORIGINALS, check
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS / "notes.txt").write_text("a note")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS / "Thumbs.db").write_bytes(b"litter of a system")
    (data_dir / "notes.txt").write_text("a note beside the folders")
    return check(data_dir)
