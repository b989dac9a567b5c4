"""SH019: a split is none of train, validation and test."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    return broken_cells(data_dir, split=["", "Train", "val", "trian", "test"])
