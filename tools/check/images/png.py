"""What the chunks of a PNG prove and say, without unpacking its pixels.

In go the bytes of a file; out come its header, what is wrong with it, its metadata, and where it ends. The format is
that of the PNG Specification, Third Edition (W3C, 2025); names of chunks are its names.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GLANCE = 1024  # bytes of the packed pixels, and of what they unpack to
MAX_TEXT = 2**20  # bytes: Pillow's MAX_TEXT_CHUNK, what one packed chunk may become before it refuses the file
MAX_TEXTS = 64 * MAX_TEXT  # bytes: Pillow's MAX_TEXT_MEMORY, for all texts of a file

# Bits a channel and colour type, as the specification allows them together, and what Pillow calls the mode.
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGB_ALPHA = 0, 2, 3, 4, 6
MODES = {
    **{(1, _GREY): "1", (2, _GREY): "L;2", (4, _GREY): "L;4", (8, _GREY): "L", (16, _GREY): "I;16"},
    **{(8, _RGB): "RGB", (16, _RGB): "RGB;16"},
    **{(bits, _PALETTE): "P" for bits in (1, 2, 4, 8)},
    **{(8, _GREY_ALPHA): "LA", (16, _GREY_ALPHA): "LA;16", (8, _RGB_ALPHA): "RGBA", (16, _RGB_ALPHA): "RGBA;16"},
}
_CHANNELS = {_GREY: 1, _RGB: 3, _PALETTE: 1, _GREY_ALPHA: 2, _RGB_ALPHA: 4}
SIMPLE = (b"IHDR", b"IDAT", b"IEND", b"tEXt")  # those whose form is wholly checked here, or may be anything
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
XMP, PARAMETERS, RAW_EXIF = "XML:com.adobe.xmp", "parameters", "Raw profile type exif"
KEPT = (XMP, PARAMETERS, RAW_EXIF)  # keywords of the texts that are of use
DEFLATE_RATIO = 1032  # to one: the most that bytes packed by zlib unpack to (https://zlib.net/zlib_tech.html)


@dataclass
class Png:
    """What the chunks of a PNG say: all of it as far as the chunks are whole and none is a bomb.

    `texts` are those of KEPT keywords. `has_others`: it has chunks besides SIMPLE ones. `problem` is why it is not
    whole, `bomb` what unpacks to too much: behind it nothing is read. `end` is the offset behind IEND. Sizes in pixels.
    `begins_plain`: its first pixels may all be of one colour, as those of a picture that is all of one colour must be.
    """

    width: int = 0
    height: int = 0
    mode: str = ""
    transparent: bool = False
    frames: int = 1
    texts: dict[str, str] = field(default_factory=dict)
    exif: bytes = b""
    has_others: bool = False
    problem: str | None = None
    bomb: str | None = None
    end: int = 0
    begins_plain: bool = False
    pixel_bytes: int = 0  # of one pixel; 0 where rows are interlaced or pixels share a byte


_LENGTH_AND_TYPE, _CHECKSUM = struct.Struct(">I4s"), struct.Struct(">I")


class _Problem(Exception):  # noqa: N818
    """Why a PNG is not whole."""


def read_png(content: bytes, *, header_only: bool = False) -> Png:
    """Read the chunks of a PNG, all of them or only IHDR; never raises.

    From the signature to the end of IEND each byte is covered: a type and its data by their CRC-32, a length by the CRC
    that would otherwise be looked for in the wrong place. So a cut at any length and a changed byte anywhere are found;
    Pillow's `verify` stops before the CRC of IEND. Of the pixels only the beginning is unpacked. Not found: a whole
    chunk taken out, and pixels that were packed wrong further on.
    """
    png, has_pixels, texts = Png(), False, 0
    try:
        for position, kind, data in _chunks(content):
            png.has_others |= kind not in SIMPLE
            if kind == b"IHDR":
                _read_header(png, data)
            elif kind == b"IDAT" and not has_pixels:
                has_pixels = True
                png.begins_plain = _begins_plain(_glance(data), png)
            elif kind == b"tRNS":
                png.transparent = True
            elif kind == b"acTL" and not has_pixels and len(data) >= 8:
                png.frames = max(1, int.from_bytes(data[:4], "big"))
            elif kind == b"eXIf":
                png.exif = bytes(data)
            elif kind in _TEXTS or kind == b"iCCP":
                texts += _read_text(png, kind, bytes(data))
                if texts > MAX_TEXTS:
                    png.bomb = f"holds more than {MAX_TEXTS:,} bytes of text"
            elif kind == b"IEND":
                png.end = position + 12 + len(data)
                if not has_pixels:
                    png.problem = "holds no pixels: it has no chunk IDAT"
            if header_only or png.bomb:
                break
    except _Problem as problem:
        png.problem = str(problem)
    return png


def _chunks(content: bytes) -> Iterator[tuple[int, bytes, memoryview]]:
    """Yield offset, type and data of each chunk up to IEND. Raises _Problem at one that is damaged or out of place."""
    view, total, position, end = memoryview(content), len(content), len(SIGNATURE), 0
    if content[:position] != SIGNATURE:
        raise _Problem("has no PNG signature")
    kind = b""
    while kind != b"IEND":
        position = end or position
        length, kind = _LENGTH_AND_TYPE.unpack_from(content, position) if position + 8 <= total else (total, b"")
        end = position + 12 + length
        if end > total:
            raise _Problem(f"is cut off or damaged: its chunk at byte {position:,} does not end within {total:,} bytes")
        (stored,), actual = _CHECKSUM.unpack_from(content, end - 4), zlib.crc32(view[position + 4 : end - 4])
        if stored != actual:
            raise _Problem(
                f"is damaged in its chunk {kind!r} at byte {position:,}: CRC-32 {actual:08x}, expected {stored:08x}"
            )
        if (kind == b"IHDR") != (position == len(SIGNATURE)):
            raise _Problem(f"is damaged: chunk {kind!r} at byte {position:,}, expected IHDR first and once")
        yield position, kind, view[position + 8 : end - 4]


def _read_header(png: Png, data: memoryview) -> None:
    if len(data) != 13:
        raise _Problem(f"has a header of {len(data):,} bytes, expected 13")
    png.width, png.height, bits, colour, packing, filters, interlace = struct.unpack(">IIBBBBB", data)
    png.mode = MODES.get((bits, colour), "")
    png.transparent = colour in (_GREY_ALPHA, _RGB_ALPHA)
    if bits >= 8 and not interlace:
        png.pixel_bytes = _CHANNELS.get(colour, 0) * bits // 8
    known = png.mode and (packing, filters) == (0, 0) and interlace in (0, 1)
    if not (known and 0 < png.width < 2**31 and 0 < png.height < 2**31):
        raise _Problem(f"has a header that no PNG may have: {bytes(data).hex(' ')}")


def _glance(data: memoryview) -> bytes:
    try:  # to unpack all of it would take longer than all the rest
        return zlib.decompressobj().decompress(data[:GLANCE], GLANCE)
    except zlib.error as error:
        raise _Problem(f"holds pixels that cannot be unpacked: {error}") from None


def _begins_plain(start: bytes, png: Png) -> bool:
    """Say whether the first unpacked bytes may be those of a picture of one colour; True where that is not told.

    A row is a byte for its filter and its pixels. Where a row and the one above it are of one colour each, every filter
    (None, Sub, Up, Average, Paeth) leaves the same bytes for all pixels but the first.
    """
    size = png.pixel_bytes
    if not size:
        return True
    length = 1 + png.width * size
    for at in range(0, len(start), length):
        row = start[at + 1 + size : at + length]  # all pixels but the first
        if row[size:] != row[:-size]:
            return False
    return True


def _read_text(png: Png, kind: bytes, data: bytes) -> int:
    """Keep the text of a chunk if it is of use; return how many bytes it unpacked to, or may have.

    One that is malformed is passed over.
    """
    key, _, rest = data.partition(b"\0")
    packed = kind in (b"zTXt", b"iCCP")
    if kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", b"\0".join(rest[2:].split(b"\0", 2)[2:])
    elif packed:
        rest = rest[1:]  # the method, of which there is one
    if packed:
        unpacker = zlib.decompressobj()
        try:
            rest = unpacker.decompress(rest, MAX_TEXT)
        except zlib.error:  # how much it unpacked to before it failed is not told
            return min(MAX_TEXT, len(rest) * DEFLATE_RATIO)
        if unpacker.unconsumed_tail:
            png.bomb = f"has a chunk {kind!r} that unpacks to more than {MAX_TEXT:,} bytes"
            return 0
    if kind != b"iCCP" and (name := key.decode("latin-1")) in KEPT:
        png.texts.setdefault(name, rest.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace"))
    return len(rest)
