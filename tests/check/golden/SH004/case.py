"""SH004: a row has more or fewer cells than the header."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    lines = [
        "path,emotion,valence,arousal",
        "x.png,sad,0,5,1",
        'y.png,"sad",0,0',
        '"a',
        '\x1b[2Jlong",b',
        "",
        "z.png,sad,0,0",
    ]
    sheet(data_dir).write_text("\n".join(lines))
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """A comma and a line break in quotes divide no cell, and a blank line is no row."""
    rows = write_faces(data_dir, 3, 2)
    rows[0]["prompt"], rows[1]["others"] = "angry,\nold", ",,,"
    write_sheet(sheet(data_dir), rows)
    with sheet(data_dir).open("a") as file:
        file.write("\n\n")
    return check(data_dir)
