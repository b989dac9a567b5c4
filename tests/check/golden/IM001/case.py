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
