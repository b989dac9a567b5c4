"""IM025: a crop has no original."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import ORIGINALS, check, sheet
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    sheet(data_dir).unlink()
    (data_dir / ORIGINALS / "neutral/aaaaaaaa_0.png").unlink()
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    (data_dir / ORIGINALS / "neutral/notes.txt").write_text("no image")
    return check(data_dir)
