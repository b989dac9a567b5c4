"""SH005: a required column is missing."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    head, _, rest = sheet(data_dir).read_text().partition("\n")
    head = head.replace("path", "file").replace("emotion", "Emotion").replace("valence", "valance")
    sheet(data_dir).write_text(f"{head}\n{rest}")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """Four columns are enough, in any order."""
    rows = write_faces(data_dir, 3, 2)
    lines = [f"{row['arousal']},{row['valence']},{row['emotion']},{row['path']}\n" for row in rows]
    sheet(data_dir).write_text("arousal,valence,emotion,path\n" + "".join(lines))
    return check(data_dir)
