"""IM003: a raw folder or zip cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

from tests.check.material import CROPS, ORIGINALS, check
from tests.trees import write_faces, zip_folder
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS).rename(data_dir / "originals")
    (data_dir / f"{ORIGINALS}.zip").write_bytes(b"PK no zip")
    (data_dir / CROPS).rename(data_dir.parent / "outside")
    (data_dir / CROPS).symlink_to(data_dir.parent / "outside")
    return check(data_dir)


def bad_pipe(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    (data_dir / ORIGINALS).rename(data_dir / "originals")
    os.mkfifo(data_dir / ORIGINALS)
    return check(data_dir)


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 2)
    zip_folder(data_dir / ORIGINALS)
    (data_dir / CROPS).rename(data_dir / "inside")
    (data_dir / CROPS).symlink_to(data_dir / "inside")  # a link that stays within the data directory
    return check(data_dir)
