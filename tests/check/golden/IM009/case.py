"""IM009: the bytes of a file cannot be read."""

from __future__ import annotations

from io import FileIO
from pathlib import Path
from unittest.mock import patch

from tests.check.material import CROPS, ORIGINALS
from tests.check.pictures import checked
from tests.trees import write_faces, zip_folder
from tools.check.configs import check_data
from tools.check.findings import Finding
from tools.check.images.content import unreadable
from tools.check.images.source import Source


def bad(data_dir: Path) -> list[Finding]:
    name = f"{ORIGINALS}/fear/x.png"
    errors: tuple[Exception, ...] = (
        FileNotFoundError(2, "No such file", f"/srv/me/{name}"),
        PermissionError(13, "Permission denied", "/home"),
        ValueError(f"{name} is not a regular file"),
    )
    zipped = ValueError(f"{ORIGINALS}.zip: fear/x.png cannot be unpacked (Bad CRC-32): pack it again")
    return [unreadable(name, error) for error in errors] + [unreadable(f"{ORIGINALS}.zip/fear/x.png", zipped)]


def bad_while_checked(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 48)
    file = data_dir / ORIGINALS / "neutral/aaaaaaaa_0.png"
    open_file = Source._open

    def open_and_change(source: Source, name: str) -> FileIO:
        opened = open_file(source, name)
        if file.name in name:
            file.write_bytes(file.read_bytes() + b"more")
        elif "aaaaaaab" in name:
            (data_dir / source.folder.name / name).unlink()
        return opened

    with patch.object(Source, "_open", open_and_change):
        return list(check_data(["small_original"], str(data_dir), workers=1))


def good(data_dir: Path) -> list[Finding]:
    write_faces(data_dir, 3, 48)
    zip_folder(data_dir / CROPS)
    return [finding for depth in ("quick", "default", "deep") for finding in checked(data_dir, depth)]
