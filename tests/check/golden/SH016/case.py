"""SH016: the label index in a file name disagrees with the label."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, broken_cells, check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    rows = write_faces(data_dir, 3, 2)
    for row, name in zip(rows, ("aaaaaaaa_6.png", "aaaaaaab_01.png", "of_any_form.png"), strict=True):
        for folder in (ORIGINALS, CROPS):
            file = data_dir / folder / row["path"].partition("/")[2]
            file.rename(file.with_name(name))
        row["path"] = str(Path(row["path"]).with_name(name))
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """An index with a nought before it is that index, and a name of another form has none."""
    paths = ["DifussionEmotion_S/neutral/aaaaaaaa_00.png", "DifussionEmotion_S/happy/photo_7.png"]
    return broken_cells(data_dir, path=paths)
