"""SH012: two images of a config have one id."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, check, sheet
from tests.trees import png, write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    for folder in (ORIGINALS, CROPS):
        (data_dir / folder / "happy" / "aaaaaaab_1.PNG").write_bytes(png(9, 2))
    write_sheet(sheet(data_dir), [*rows, {**rows[1], "path": f"{ORIGINALS}/happy/aaaaaaab_1.PNG"}])
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """One id in two sizes, and eight letters under two labels, are two images each."""
    rows = write_faces(data_dir, 3, 2)
    other = {**rows[1], "path": rows[1]["path"].replace("_S/", "_M/")}
    letters = {**rows[0], "path": f"{ORIGINALS}/angry/aaaaaaab_6.png", "emotion": "angry"}
    write_sheet(sheet(data_dir), [*rows, other, letters])
    return check(data_dir, "small_original", "medium_original")
