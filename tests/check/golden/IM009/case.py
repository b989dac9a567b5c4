"""IM009: the bytes of a file cannot be read."""

from __future__ import annotations

from pathlib import Path

from tests.check.material import ORIGINALS
from tools.check.findings import Finding
from tools.check.images.content import unreadable


def bad(data_dir: Path) -> list[Finding]:
    name = f"{ORIGINALS}/fear/x.png"
    errors: tuple[Exception, ...] = (
        FileNotFoundError(2, "No such file", f"/srv/me/{name}"),
        PermissionError(13, "Permission denied", "/home"),
        ValueError(f"{name} is not a regular file"),
    )
    zipped = ValueError(f"{ORIGINALS}.zip: fear/x.png cannot be unpacked (Bad CRC-32): pack it again")
    return [unreadable(name, error) for error in errors] + [unreadable(f"{ORIGINALS}.zip/fear/x.png", zipped)]
