"""AN001: the annotations are missing or cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.emonet import write_upstream
from tests.check.material import EMONET, check
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    (data_dir / "emonet-face-hq/hq.csv").unlink()
    (data_dir / "emonet-face-binary/binary.csv").write_text("path,value\n00000,True\n")
    return check(data_dir, *EMONET)


def bad_twice(data_dir: Path) -> list[Finding]:
    write_upstream(data_dir)
    (data_dir / "emonet-face-hq/hq2.csv").write_text("image,annotator,annotations\n")
    (data_dir / "emonet-face-binary/binary.csv").write_text(
        "path,annotator,value,emotion,emotion\n0,a,True,Fear,Fear\n"
    )
    return check(data_dir, *EMONET)


def good(data_dir: Path) -> list[Finding]:
    """A column that nobody asked for, and a second CSV that is the side file."""
    write_upstream(data_dir)
    (data_dir / "emonet-face-binary/metadata.csv").write_text("file_name,prompt\n00000.png,a\n")
    judgements = "path,annotator,value,emotion,seconds\n00000,human-1,True,Anger,3\n00001,human-1,True,Awe,\n"
    (data_dir / "emonet-face-binary/binary.csv").write_text(judgements)
    return check(data_dir, *EMONET)
