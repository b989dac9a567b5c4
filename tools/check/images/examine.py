"""What the bytes of an image prove and say: whole or not, its header, where it ends, what its metadata and pixels are.

A PNG is proven by the checksums of its chunks, and its pixels are unpacked only where that is asked for, or where it
begins as one of a single colour does; every other format is proven by decoding its first frame. Threads may call it.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageFile

from tools.check.images import metadata
from tools.check.images.formats import (
    READERS,
    Header,
    end_of,
    format_of,
    header_of,
    is_animated,
    too_large,
    too_many_scans,
)
from tools.check.images.metadata import NONE, Metadata
from tools.check.images.png import read_png

THUMBNAIL = 64  # pixels a side: what the perceptual hash makes of a picture in any case (16 * its factor of 4)
LOOKED_AT = ("RGB", "RGBA", "L", "LA", "P", "1", "CMYK")  # modes that a thumbnail of 8 bits a channel does justice to
HASH_SIDE = 16  # of the perceptual hash, which has HASH_SIDE**2 bits

PLAIN_BITS = HASH_SIDE**2 // 4  # of a hash: fewer are set only where most frequencies are missing; usual is a half

Look = Callable[[Sequence[Image.Image]], list[bytes]]


@dataclass
class Examined:
    """What was found in the bytes of an image.

    `problem` says why it is not whole, `bomb` what unpacks to too much; of such an image the rest may be missing. `end`
    is the offset behind its last byte, where the format tells, `colour` its only colour, `thumbnail` a small grey copy
    of what was decoded.
    """

    header: Header | None = None
    problem: str | None = None
    bomb: str | None = None
    end: int | None = None
    metadata: Metadata = NONE
    colour: str | None = None
    thumbnail: Image.Image | None = None


def examine(content: bytes, *, pixels: bool = False) -> Examined:
    """Examine the bytes of an image, never raising; with `pixels` those of a PNG are decoded, too.

    More than MAX_PIXELS are refused by the header, before anything is decoded.
    """
    if not content:
        return Examined(problem="is empty")
    name = format_of(content)
    if name is None:
        return Examined(problem=f"is no {', '.join(list(READERS)[:-1])} or TIFF: it begins with {content[:12]!r}")
    if name == "PNG":
        return _examine_png(content, pixels)
    try:
        with READERS[name](io.BytesIO(content)) as image:
            header = header_of(image, name)
            bomb = too_large(*image.size) or (too_many_scans(content, *image.size) if name == "JPEG" else None)
            if bomb:
                return Examined(header, bomb=bomb)
            image.load()
            found = Examined(header, end=end_of(name, content), metadata=metadata.of_image(image))
            _see_pixels(found, image)
            found.header = replace(header, animated=is_animated(image))
            return found
    except Exception as error:  # Pillow raises whatever its parsers stumble over, from OSError to ZeroDivisionError
        return Examined(problem=f"cannot be decoded: {_first_line(error)}")


def _examine_png(content: bytes, pixels: bool) -> Examined:
    png = read_png(content)
    header = Header("PNG", png.width, png.height, png.mode, png.transparent, png.frames > 1) if png.mode else None
    found = Examined(header, png.problem, png.bomb or too_large(png.width, png.height), png.end, metadata.of_png(png))
    if found.problem or found.bomb:
        return found
    decode = pixels or png.begins_plain
    if not (decode or png.has_others):
        return found
    try:
        with READERS["PNG"](io.BytesIO(content)) as image:  # fails at some chunks that are whole and malformed
            if decode:
                image.load()
                _see_pixels(found, image)
    except Exception as error:
        found.problem = f"cannot be decoded: {_first_line(error)}"
    return found


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _see_pixels(found: Examined, image: ImageFile.ImageFile) -> None:
    """Add what the pixels say: most of them are told by the green ones, which make up most of what eyes call bright."""
    if image.mode not in LOOKED_AT:
        return
    plain = image if image.mode in LOOKED_AT[:4] else image.convert("RGB")
    small = _small(plain.getchannel("G" if "G" in plain.getbands() else "L"))
    if _is_flat(small):
        if _is_flat(plain) and plain.width * plain.height > 1:
            found.colour = str(plain.getpixel((0, 0)))
            return
        small = _small(plain.convert("L"))
    found.thumbnail = small


def _small(grey: Image.Image) -> Image.Image:
    return grey.resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR, reducing_gap=1.0)


def _is_flat(image: Image.Image) -> bool:
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(low == high for low, high in bands)


def perceptual_hash() -> Look | None:
    """Return what makes the perceptual hashes of thumbnails, HASH_SIDE**2 bits each; None without the library scipy.

    The hash is pHash: the signs, against their median, of the lowest frequencies of the picture's cosine transform,
    bit for bit those that the library imagehash makes of one after the other in twice the time. A picture without most
    of these frequencies, as a plain gradient or a stripe, has none: its hash would equal that of others of its kind;
    for it `look` returns no bytes. Of a smooth picture that was saved again with loss, the noise of that decides some
    bits, so that it passes for another: rather a copy is missed than a picture accused. Copies byte for byte are found
    by their SHA-256.
    """
    try:
        numpy, fft = importlib.import_module("numpy"), importlib.import_module("scipy.fft")
    except ImportError:
        return None

    def look(thumbnails: Sequence[Image.Image]) -> list[bytes]:
        pixels = numpy.stack([numpy.asarray(thumbnail) for thumbnail in thumbnails])
        lowest = fft.dct(fft.dct(pixels, axis=1)[:, :HASH_SIDE], axis=2)[:, :, :HASH_SIDE]
        lowest = lowest.reshape(len(thumbnails), HASH_SIDE**2)
        above = lowest > numpy.median(lowest, axis=1, keepdims=True)
        hashes = zip(numpy.packbits(above, axis=1), above.sum(axis=1), strict=True)
        return [bytes(bits) if count >= PLAIN_BITS else b"" for bits, count in hashes]

    return look
