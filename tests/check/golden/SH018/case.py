"""SH018: a cell cannot be read as the type of its column."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    boxes = ["1 2 3", "1,2,3,4", "a b c d", "1 2 3 4 5", "1 2 3 4", " 1 2 3 4"]
    return broken_cells(data_dir, seed=["1.0", "x", str(2**63), "0x1F", "-1"], steps=[str(2**31), "20"],
                        cfg_scale=["7,5", "7.5 ", "7.5"], clip_score=["None"], face_box=boxes)  # fmt: skip


def good(data_dir: Path) -> list[Finding]:
    """Empty cells, the ends of the ranges, and boxes with points, signs and more spaces."""
    boxes = ["1 2 3 4", " 1  2 3.5 +4 ", "", "-3 0 12.25 9"]
    return broken_cells(data_dir, seed=["-1", str(2**63 - 1), "0x1F", ""], steps=[str(2**31 - 1), "1"],
                        cfg_scale=["7.5", "0", "1e1"], clip_score=["-1", "31.5"], face_box=boxes)  # fmt: skip
