"""Pictures with all kinds of faults, for the golden cases of IM rules; and trees of good ones to put them into."""

from __future__ import annotations

import io
import random
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from tests.check.material import BOTH, CROPS, ORIGINALS, sheet
from tests.trees import write_faces, write_sheet
from tools.check.configs import check_data
from tools.check.findings import Finding
from tools.check.images.walk import Depth

SIDE = 48  # pixels: the face boxes of `tests.trees` fit
# The first three images of a tree, below its folders.
NEUTRAL, HAPPY, SAD = "neutral/aaaaaaaa_0.png", "happy/aaaaaaab_1.png", "sad/aaaaaaac_2.png"


def drawn(seed: int, size: tuple[int, int] = (SIDE, SIDE), mode: str = "RGB") -> Image.Image:
    """Return a picture of spots, small and large as in a photograph: each seed gives its own."""
    noise = random.Random(seed).randbytes(24 * 24 * 3)
    return Image.frombytes("RGB", (24, 24), noise).resize(size, Image.Resampling.BICUBIC).convert(mode)


def saved(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """Return an image in a format of Pillow."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a PNG chunk with its true checksum."""
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def with_chunk(content: bytes, kind: bytes, data: bytes) -> bytes:
    """Return a PNG with a chunk more, behind its header."""
    return content[:33] + chunk(kind, data) + content[33:]


def exif(**tags: Any) -> Image.Exif:
    """Return EXIF data with tags by their names."""
    from PIL import ExifTags

    data = Image.Exif()
    for name, value in tags.items():
        if name == "GPS":
            data.get_ifd(ExifTags.IFD.GPSInfo).update(value)
        elif name in ("UserComment", "MakerNote", "BodySerialNumber"):
            data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base[name]] = value
        else:
            data[ExifTags.Base[name]] = value
    return data


def checked(data_dir: Path, depth: Depth = "default", *configs: str) -> list[Finding]:
    """Check both small configs, or those given, at a depth."""
    return list(check_data(configs or BOTH, str(data_dir), depth=depth, workers=2))


def check_with(
    data_dir: Path,
    originals: dict[str, bytes] | None = None,
    crops: dict[str, bytes] | None = None,
    depth: Depth = "default",
    **columns: list[Any],
) -> list[Finding]:
    """Check a good tree in which some files, and the first cells of some columns, were replaced by those given."""
    rows = write_faces(data_dir, 4, SIDE)
    for column, values in columns.items():
        for row, value in zip(rows, values, strict=False):
            row[column] = value
    write_sheet(sheet(data_dir), rows)
    for folder, files in ((ORIGINALS, originals), (CROPS, crops)):
        for name, content in (files or {}).items():
            (data_dir / folder / name).write_bytes(content)
    return checked(data_dir, depth)
