"""SH006: two columns have one name."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_text(sheet(data_dir).read_text().replace("seed", "valence", 1).replace("steps", "path", 1))
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """Columns of the maintainer's own may have what names they will."""
    write_faces(data_dir, 3, 2)
    lines = sheet(data_dir).read_text().splitlines()
    lines = [lines[0] + ",note,note,Path"] + [line + ",a,b,c" for line in lines[1:]]
    sheet(data_dir).write_text("\n".join(lines) + "\n")
    return check(data_dir)
