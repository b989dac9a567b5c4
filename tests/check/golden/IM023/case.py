"""IM023: a face box reaches out of its picture."""

from __future__ import annotations

from pathlib import Path

from tests.check.pictures import check_with
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, depth="quick", face_box=["10 12 40 20", "1 1 20.5 90", "500 500 9 9"])


def good(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, face_box=["0 0 48 48", "10.5 10 38.2 38", "", "nonsense"])
