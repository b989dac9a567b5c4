"""IM024: an original has no crop."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 4, 2)
    write_sheet(sheet(data_dir), rows[1:])  # without a row, nothing else says that there should be a crop
    (data_dir / CROPS / "neutral/aaaaaaaa_0.png").unlink()
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    (data_dir / CROPS / "neutral/aaaaaaaa_0.png").unlink()  # a row says so: SH013
    return check(data_dir) + check(data_dir, "small_original")
