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
