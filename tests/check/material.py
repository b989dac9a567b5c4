"""What the golden cases of trees share: the names of the small configs, and ways to break a good tree and check it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

from tests.trees import write_faces, write_sheet
from tools.check.configs import check_configs
from tools.check.findings import Finding

BOTH = ["small_original", "small_cropped"]
ORIGINALS, CROPS = "DifussionEmotion_S", "DiffusionEmotion_S_cropped"
EMONET = ("emonet_hq", "emonet_binary", "emonet_big")


def check(data_dir: Path, *configs: str) -> list[Finding]:
    """Check both small configs, or those given."""
    return check_configs(list(configs) or BOTH, str(data_dir))


def sheet(data_dir: Path) -> Path:
    """Return the path of the sheet."""
    return data_dir / "dataset_sheet.csv"


def broken_cells(data_dir: Path, **columns: list[Any]) -> list[Finding]:
    """Check a good tree in whose sheet the first cells of some columns were replaced by those given."""
    rows = write_faces(data_dir, 14, 2)
    for column, values in columns.items():
        for row, value in zip(rows, values, strict=False):
            row[column] = value
    write_sheet(sheet(data_dir), rows)
    return check(data_dir)


def bomb_png() -> bytes:
    """Return a PNG of few bytes that claims 60,000 x 60,000 pixels."""
    parts = [b"\x89PNG\r\n\x1a\n"]
    header = (60_000).to_bytes(4, "big") * 2 + bytes((8, 0, 0, 0, 0))
    for kind, data in ((b"IHDR", header), (b"IDAT", b"\x78\x9c\x03\0\0\0\0\1"), (b"IEND", b"")):
        parts += [len(data).to_bytes(4, "big"), kind, data, zlib.crc32(kind + data).to_bytes(4, "big")]
    return b"".join(parts)
