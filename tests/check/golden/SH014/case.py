"""SH014: a label is none of the seven."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    labels = ["Neutral", "happiness", " sad", "suprise", "4", "disgusted", "Anger", "", "contempt", "\x1b[31mred",
              "x" * 100]  # fmt: skip
    return broken_cells(data_dir, emotion=labels)
