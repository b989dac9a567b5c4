"""IM010: an image unpacks to far more than it should."""

from __future__ import annotations

import zlib
from pathlib import Path

from PIL import Image

from tests.check.material import bomb_png
from tests.check.pictures import check_with, drawn, saved, with_chunk
from tools.check.findings import Finding


def bad(data_dir: Path) -> list[Finding]:
    packed = b"parameters\0\0" + zlib.compress(bytes(2**21))
    icc = b"icc\0\0" + zlib.compress(bytes(2**21))
    contents = {
        "neutral/aaaaaaaa_0.png": bomb_png(),
        "happy/aaaaaaab_1.png": with_chunk(saved(drawn(1)), b"zTXt", packed),
        "sad/aaaaaaac_2.png": with_chunk(saved(drawn(2)), b"iCCP", icc),
    }
    return check_with(data_dir, contents)


def bad_quick(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {"neutral/aaaaaaaa_0.png": bomb_png()}, depth="quick")


def bad_scans(data_dir: Path) -> list[Finding]:
    content = _progressive()
    scan = content.rindex(b"\xff\xda")
    return check_with(data_dir, {"neutral/aaaaaaaa_0.png": content[:-2] + content[scan:-2] * 220 + content[-2:]})


def good_scans(data_dir: Path) -> list[Finding]:
    return check_with(data_dir, {"neutral/aaaaaaaa_0.png": _progressive()})


def _progressive() -> bytes:
    """Return a JPEG of 9,000,000 pixels with the ten scans of a usual progressive one."""
    return saved(Image.new("RGB", (3000, 3000)), "JPEG", progressive=True)


def good(data_dir: Path) -> list[Finding]:
    text = b"parameters\0\0" + zlib.compress(bytes(2**20))  # as much as Pillow reads
    return check_with(data_dir, {"neutral/aaaaaaaa_0.png": with_chunk(saved(drawn(1)), b"zTXt", text)})
