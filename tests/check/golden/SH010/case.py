"""SH010: a path is not <folder of originals>/<emotion>/<file>."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import broken_cells
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    paths = ["DiffusionEmotion_S_cropped/neutral/aaaaaaaa_0.png", "DifusionEmotion_S/happy/aaaaaaab_1.png",
             "DifussionEmotion_S/aaaaaaac_2.png", "images/aaaaaaad_3.png", "aaaaaaae_4.png"]  # fmt: skip
    return broken_cells(data_dir, path=paths)


def good(data_dir: Path) -> list[Finding]:
    """Both spellings, every size, and names of any form."""
    paths = ["DiffusionEmotion_S/neutral/aaaaaaaa_0.png", "DifussionEmotion_M/happy/aaaaaaab_1.png",
             "DifussionEmotion_L/any/file of mine.jpeg"]  # fmt: skip
    return broken_cells(data_dir, path=paths)
