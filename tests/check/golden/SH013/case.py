"""SH013: the file of a row is missing."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, check
from tests.trees import write_faces
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 4, 2)
    (data_dir / ORIGINALS / "sad" / "aaaaaaac_2.png").unlink()
    crop = data_dir / CROPS / "happy" / "aaaaaaab_1.png"
    crop.rename(data_dir / CROPS / "sad" / crop.name)
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """A file may come without a row: that is another rule's."""
    write_faces(data_dir, 4, 2)
    file = data_dir / ORIGINALS / "sad" / "aaaaaaac_2.png"
    (file.with_name("zzzzzzzz_2.png")).write_bytes(file.read_bytes())
    return check(data_dir)
