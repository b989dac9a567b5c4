"""What needs the bytes of an image: is it whole, and are they the bytes that the sheet records?

The functions are pure and safe to call from several threads, so that the push can prove an image in the same pass that
puts it into a shard. They touch no global state of Pillow, neither its limit nor the filters of its warnings.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from DiffusionFER import IMAGE_SUFFIXES, RawFolder
from tools.check.findings import Finding, quote
from tools.check.images.rules import FILE_UNREADABLE, IMAGE_BROKEN
from tools.check.sheet.rules import SHA256_DIFFERS

# Pillow's own Image.MAX_IMAGE_PIXELS: above it a user's Pillow warns of a decompression bomb, above its double it fails
MAX_PIXELS = 1024**3 // 4 // 3

GLANCE = 1024  # bytes of a PNG's packed pixels, and of what they unpack to

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Opened by class and not by Image.open, which warns of large images through a filter that all threads share.
_READERS: tuple[tuple[bytes, Callable[[io.BytesIO], ImageFile.ImageFile]], ...] = (
    (PNG_SIGNATURE, PngImageFile),
    (b"\xff\xd8\xff", JpegImageFile),
    (b"RIFF", WebPImageFile),
    (b"BM", BmpImageFile),
    (b"GIF8", GifImageFile),
    (b"II*\0", TiffImageFile),
    (b"MM\0*", TiffImageFile),
)


def check_image(content: bytes) -> str | None:
    """Say why `content` is not a whole image; None where it is one. Never raises.

    The format is told by the bytes, not by a name. A PNG is proven by its chunks (see `png_problem`) and by what Pillow
    makes of its header; its pixels are not unpacked. Every other format is proven by decoding its first frame. More
    than MAX_PIXELS are refused by the header, before anything is decoded.
    """
    if not content:
        return "is empty"
    reader = next((reader for magic, reader in _READERS if content.startswith(magic)), None)
    if reader is None:
        return f"is no PNG, JPEG, WebP, BMP, GIF or TIFF: it begins with {content[:12]!r}"
    is_png = reader is PngImageFile
    if is_png and (problem := png_problem(content)):
        return problem
    try:
        with reader(io.BytesIO(content)) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                return f"claims {width:,} x {height:,} pixels; more than {MAX_PIXELS:,} are not decoded"
            if not is_png:
                image.load()
    except Exception as error:  # Pillow raises whatever its parsers stumble over, from OSError to ZeroDivisionError
        return f"cannot be decoded: {_first_line(error)}"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def png_problem(content: bytes) -> str | None:
    """Say which chunk of a PNG is damaged or where the file is cut off; None where every chunk is whole.

    From the signature to the end of IEND each byte is covered: a type and its data by their CRC-32, a length by the CRC
    that would otherwise be looked for in the wrong place. So a cut at any length and a changed byte anywhere are found;
    Pillow's `verify` stops before the CRC of IEND. Of the pixels only the beginning is unpacked. Not found: a whole
    chunk taken out, pixels that were packed wrong further on, and bytes after IEND, which no decoder reads.
    """
    view, position, has_pixels = memoryview(content), len(PNG_SIGNATURE), False
    if content[:position] != PNG_SIGNATURE:
        return "has no PNG signature"
    while True:
        length, kind = int.from_bytes(view[position : position + 4], "big"), bytes(view[position + 4 : position + 8])
        end = position + 12 + length
        if len(kind) < 4 or end > len(content):
            return f"is cut off or damaged: its chunk at byte {position:,} does not end within {len(content):,} bytes"
        stored, actual = int.from_bytes(view[end - 4 : end], "big"), zlib.crc32(view[position + 4 : end - 4])
        if stored != actual:
            return f"is damaged in its chunk {kind!r} at byte {position:,}: CRC-32 {actual:08x}, expected {stored:08x}"
        if (kind == b"IHDR") != (position == len(PNG_SIGNATURE)):
            return f"is damaged: chunk {kind!r} at byte {position:,}, expected IHDR first and once"
        if kind == b"IDAT" and not has_pixels:
            has_pixels = True
            try:  # a glance: to unpack all of it would take longer than all the rest of a push
                zlib.decompressobj().decompress(view[position + 8 : min(end - 4, position + 8 + GLANCE)], GLANCE)
            except zlib.error as error:
                return f"holds pixels that cannot be unpacked: {error}"
        if kind == b"IEND":
            return None if has_pixels else "holds no pixels: it has no chunk IDAT"
        position = end


def check_sha256(actual: str, expected: str | None) -> str | None:
    """Say how a SHA-256, in hexadecimal, differs from the one that the sheet records (None: it records none)."""
    if expected is None or actual.lower() == expected.strip().lower():
        return None
    return f"has SHA-256 {actual}, but the sheet records {quote(expected)}"


@dataclass(frozen=True)
class Recorded:
    """The SHA-256 that a sheet records for an image, and where: name of the sheet, row as a spreadsheet shows it."""

    sheet: str
    row: int
    column: str
    sha256: str


def image_findings(file: str, content: bytes, sha256: str, recorded: Recorded | None = None) -> Iterator[Finding]:
    """Yield what is wrong with the bytes of an image.

    `file` is its name below the data directory, `sha256` that of `content` in hexadecimal (who builds shards has it
    already), `recorded` what the sheet says of it.
    """
    if problem := check_image(content):
        yield IMAGE_BROKEN.at(file, f"image {problem}", "copy or generate the image again")
    if recorded and (problem := check_sha256(sha256, recorded.sha256)):
        message = f"{quote(file)} {problem}"
        hint = "bring back the file that was recorded, or record the new SHA-256"
        row, column, value = recorded.row, recorded.column, recorded.sha256
        yield SHA256_DIFFERS.at(recorded.sheet, message, hint, row=row, column=column, value=value)


def unreadable(file: str, error: Exception) -> Finding:
    """Return the finding for a file whose reading raised `error`; a path of the machine in it is not repeated."""
    if isinstance(error, FileNotFoundError):
        reason = "is missing"
    elif isinstance(error, OSError):
        reason = f"cannot be read: {error.strerror or type(error).__name__}"
    else:  # DiffusionFER.RawFolder.read names the file as "folder/file" or, in a zip, as "folder.zip: file"
        folder, _, name = file.partition("/")
        reason = str(error).removeprefix(file).removeprefix(f"{folder}: {name}").strip()
    return FILE_UNREADABLE.at(file, f"file {reason}", "copy the file again, or remove it with its row")


def folder_findings(folder: RawFolder, recorded: Mapping[str, Recorded], workers: int) -> list[Finding]:
    """Return what is wrong with the images of a raw folder, each read and proven once, in `workers` threads.

    `recorded` is what the sheet says of some, by their names below the folder.
    """

    def findings(name: str) -> list[Finding]:
        file = f"{folder.name}/{name}"
        try:
            content = folder.read(name)
        except (ValueError, OSError) as error:
            return [unreadable(file, error)]
        return list(image_findings(file, content, hashlib.sha256(content).hexdigest(), recorded.get(name)))

    names = [
        entry.name for entry in folder.entries() if not entry.problem and entry.name.lower().endswith(IMAGE_SUFFIXES)
    ]
    with ThreadPoolExecutor(workers) as pool:
        return [finding for found in pool.map(findings, names) for finding in found]
