"""SH004: a row has more or fewer cells than the header."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces
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
