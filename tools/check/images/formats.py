"""The formats that an image may have: told by the first bytes, never by the name; their headers, and where they end.

In go bytes, out come facts. The functions touch no global state of Pillow, neither its limit nor the filters of its
warnings, so that several threads may call them.
"""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from tools.check.images.png import SIGNATURE, read_png

# Pillow's own Image.MAX_IMAGE_PIXELS: above it a user's Pillow warns of a decompression bomb, above its double it fails
MAX_PIXELS = 1024**3 // 4 // 3
# Pixels times scans of a JPEG: a usual progressive one, of ten scans, stays below it up to MAX_PIXELS
MAX_SCANNED = 2 * 10**9
HEAD_BYTES = 2**16  # what is read of a file for its header: the size of a PNG is in its first 24 bytes

# Opened by class and not by Image.open, which warns of large images through a filter that all threads share.
READERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "WebP": WebPImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
    "TIFF": TiffImageFile,
}
_MAGICS = (
    *((SIGNATURE, "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"RIFF", "WebP"), (b"BM", "BMP"), (b"GIF8", "GIF")),
    *((b"II*\0", "TIFF"), (b"MM\0*", "TIFF")),
)
ENDINGS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg"), "WebP": (".webp",), "BMP": (".bmp",), "GIF": (".gif",),
           "TIFF": (".tif", ".tiff")}  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What the header of an image says: format, size in pixels, mode as Pillow calls it, and what makes it unusual."""

    format: str
    width: int
    height: int
    mode: str
    transparent: bool = False
    animated: bool = False


def format_of(content: bytes) -> str | None:
    """Return the format that the first bytes of a file are those of."""
    return next((name for magic, name in _MAGICS if content.startswith(magic)), None)


def header_of(image: ImageFile.ImageFile, name: str) -> Header:
    """Return the header of an image of a format that Pillow has opened; of frames after the first it says nothing."""
    transparent = image.mode.endswith(("A", "a")) or "transparency" in image.info
    return Header(name, *image.size, image.mode, transparent)


def is_animated(image: ImageFile.ImageFile) -> bool:
    """Say whether an image has a second frame, which becomes the one that is open; raises whatever Pillow does."""
    try:
        image.seek(1)
    except EOFError:
        return False
    return True


def too_large(width: int, height: int) -> str | None:
    """Say that a picture has too many pixels to be decoded; None where it has not."""
    if width * height <= MAX_PIXELS:
        return None
    return f"claims {width:,} x {height:,} pixels; more than {MAX_PIXELS:,} are not decoded"


# The mark SOS with its length, which libjpeg demands to be that of its one to four components (ITU T.81, B.2.3).
_SCAN_HEADER = re.compile(rb"\xff\xda\0(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")


def too_many_scans(content: bytes, width: int, height: int) -> str | None:
    """Say that the scans of a JPEG, each of which passes over all pixels, are too many; None where they are not."""
    scans = sum(1 for _ in _SCAN_HEADER.finditer(content))
    if scans * width * height <= MAX_SCANNED:
        return None
    return f"passes {scans:,} times over {width:,} x {height:,} pixels; more than {MAX_SCANNED:,} are not decoded"


def header_of_head(head: bytes) -> Header | None:
    """Return the header of an image by its first HEAD_BYTES; None where they do not tell it. Never raises."""
    name = format_of(head)
    if name == "PNG":
        png = read_png(head, header_only=True)
        return None if png.problem else Header(name, png.width, png.height, png.mode, png.transparent)
    if name == "WebP":  # Pillow wants all of it
        return _webp_header(head)
    if name:
        # Pillow raises anything, and what follows the head may be what it lacks.
        with contextlib.suppress(Exception), READERS[name](io.BytesIO(head)) as image:
            return header_of(image, name)
    return None


def _webp_header(head: bytes) -> Header | None:
    """Read the first chunk of a WebP (RFC 9649): with extensions, lossless, or lossy."""
    kind, data = head[12:16], head[20:30]
    if len(data) < 10:
        return None
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (4, 7))
        alpha, animated = bool(data[0] & 0x10), bool(data[0] & 0x02)
    elif kind == b"VP8L" and data[0] == 0x2F:
        bits = int.from_bytes(data[1:5], "little")
        width, height, alpha, animated = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1), False
    elif kind == b"VP8 " and data[3:6] == b"\x9d\x01\x2a":
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8))
        alpha = animated = False
    else:
        return None
    return Header("WebP", width, height, "RGBA" if alpha else "RGB", alpha, animated)


def end_of(name: str, content: bytes) -> int | None:
    """Return the offset behind the last byte that belongs to a whole JPEG or WebP; None where that is not known."""
    if name == "WebP":  # RIFF: its length does not count the eight bytes before it, and is filled up to be even
        length = int.from_bytes(content[4:8], "little")
        return 8 + length + length % 2
    return _end_of_jpeg(content) if name == "JPEG" else None


# In packed pixels a byte FF is followed by 00, by a restart mark or by more FF; any other byte makes it a mark. The
# search looks for no FF before it: with them, it would take the square of the length of a run that ends in no mark.
_MARK = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_FILLED_MARK = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]")
_SCAN, _END = 0xDA, 0xD9


def _end_of_jpeg(content: bytes) -> int | None:
    """Walk the marks of a JPEG (ITU T.81, annex B) to its EOI, past the thumbnails that its metadata may hold."""
    position = 2
    while True:
        if not (found := _FILLED_MARK.match(content, position)):
            return None
        position, mark = found.end(), content[found.end() - 1]
        if mark == _END:
            return position
        position += int.from_bytes(content[position : position + 2], "big")
        if mark == _SCAN:
            if not (found := _MARK.search(content, position)):
                return None
            position = found.start()
