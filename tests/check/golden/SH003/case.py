"""SH003: the sheet cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

from tests.check.material import check, sheet
from tests.trees import write_faces, write_sheet
from tools.check.findings import Finding


def bad_empty(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_bytes(b"")
    return check(data_dir)


def bad_latin1(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_bytes(b"path,emotion,prompt\nx.png,sad,plain\ny.png,sad,une \xe9motion\n")
    return check(data_dir)


def bad_parquet(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    (data_dir / "dataset_sheet.parquet").write_bytes(b"path,emotion\nx.png,sad\n")
    return check(data_dir)


def bad_link(data_dir: Path) -> list[Finding]:
    inner = data_dir / "inner"
    write_faces(inner, 3, 2)
    sheet(inner).rename(data_dir / "elsewhere.csv")
    sheet(inner).symlink_to(data_dir / "elsewhere.csv")
    return check(inner)


def bad_pipe(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    os.mkfifo(sheet(data_dir))
    return check(data_dir)


def bad_folder(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).unlink()
    sheet(data_dir).mkdir()
    return check(data_dir)


def bad_semicolons(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    sheet(data_dir).write_text("path;emotion;valence;arousal\nx;angry;0,5;1\n")
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    """A byte-order mark, Windows line ends, quotes and other alphabets are no obstacle."""
    rows = write_faces(data_dir, 3, 2)
    rows[0]["prompt"] = 'une émotion, "joyeuse";\n喜び'
    write_sheet(sheet(data_dir), rows)
    content = sheet(data_dir).read_bytes().replace(b"\n", b"\r\n")
    sheet(data_dir).write_bytes(b"\xef\xbb\xbf" + content)
    return check(data_dir)
