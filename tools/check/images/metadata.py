"""What an image says of itself besides its pixels: EXIF, XMP, and the recipe that a generator wrote into it.

In go the metadata as a format holds them, out come findings. Metadata that cannot be read are passed over, as every
decoder does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from PIL import ExifTags, Image, ImageFile

from tools.check.findings import Finding, quote
from tools.check.images.png import PARAMETERS, RAW_EXIF, XMP, Png
from tools.check.images.rules import MAKER, ORIENTATION, POSITION
from tools.make.webui import user_comment

# Of the EXIF tags (CIPA DC-008) and DNG's, those that name a device or a person, or are the maker's secret.
_BASE = ExifTags.Base
MAKER_TAGS = (
    *(_BASE.Make, _BASE.Model, _BASE.MakerNote, _BASE.CameraOwnerName, _BASE.BodySerialNumber),
    *(_BASE.LensSerialNumber, _BASE.CameraSerialNumber, _BASE.HostComputer),
)
POSITION_TAGS = (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSDestLatitude)
TURNED = {
    **{2: "mirrored", 3: "turned by 180 degrees", 4: "mirrored and turned by 180 degrees"},
    **{5: "mirrored and turned by 90 degrees", 6: "turned by 90 degrees"},
    **{7: "mirrored and turned by 270 degrees", 8: "turned by 270 degrees"},
}


@dataclass(frozen=True)
class Metadata:
    """EXIF tags by number (of IFD0 and the Exif IFD, and those of the GPS IFD), XMP, and a generator's text."""

    exif: dict[int, Any]
    gps: dict[int, Any]
    xmp: str = ""
    parameters: str = ""


NONE = Metadata({}, {})


def of_png(png: Png) -> Metadata:
    """Return the metadata of a PNG."""
    if not (png.texts or png.exif):
        return NONE
    xmp, parameters = png.texts.get(XMP, ""), png.texts.get(PARAMETERS, "")
    raw, exif = png.exif or _raw_profile(png.texts.get(RAW_EXIF, "")), Image.Exif()
    if raw:
        with contextlib.suppress(Exception):  # Pillow's parser of tags raises anything
            exif.load(b"Exif\0\0" + raw.removeprefix(b"Exif\0\0"))
    found, gps = _tags(exif)
    return Metadata(found, gps, xmp, parameters or _comment(found))


def _raw_profile(text: str) -> bytes:
    """Return EXIF data that ImageMagick wrote as text: an empty line, the kind, a length, and hexadecimal digits."""
    with contextlib.suppress(ValueError):
        return bytes.fromhex("".join(text.split("\n")[3:]))
    return b""


def of_image(image: ImageFile.ImageFile) -> Metadata:
    """Return the metadata of an image that Pillow has opened."""
    try:
        exif, gps = _tags(image.getexif())
    except Exception:
        exif, gps = {}, {}
    xmp = image.info.get("xmp", b"")
    return Metadata(exif, gps, xmp.decode(errors="replace") if isinstance(xmp, bytes) else str(xmp), _comment(exif))


def _tags(exif: Image.Exif) -> tuple[dict[int, Any], dict[int, Any]]:
    try:
        return {**exif, **exif.get_ifd(ExifTags.IFD.Exif)}, dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:
        return {}, {}


def _comment(exif: dict[int, Any]) -> str:
    return user_comment(exif.get(_BASE.UserComment, b""))


def metadata_findings(file: str, metadata: Metadata) -> Iterator[Finding]:
    """Yield what is wrong with the metadata of an image, whatever the sheet says."""
    if metadata is not NONE:
        yield from _orientation(file, metadata)
        yield from _position(file, metadata)
        yield from _maker(file, metadata)


def _orientation(file: str, metadata: Metadata) -> Iterator[Finding]:
    value = metadata.exif.get(_BASE.Orientation)
    if isinstance(value, int) and value in TURNED:
        message = f"EXIF orientation is {value} (shown {TURNED[value]}), expected 1 or none"
        yield ORIENTATION.at(file, message, value=str(value))


def _position(file: str, metadata: Metadata) -> Iterator[Finding]:
    # The position itself is not repeated: a report is shown to more people than the image.
    if any(tag in metadata.gps for tag in POSITION_TAGS):
        yield POSITION.at(file, "EXIF data hold a position on the map (GPS), expected none")
    elif "exif:GPSLatitude" in metadata.xmp or "exif:GPSLongitude" in metadata.xmp:
        yield POSITION.at(file, "XMP data hold a position on the map (GPS), expected none")


def _maker(file: str, metadata: Metadata) -> Iterator[Finding]:
    given = [tag for tag in MAKER_TAGS if str(metadata.exif.get(tag, "")).strip("\0 ")]
    if given:
        shown = [f" {quote(str(metadata.exif[tag]).strip())}" if tag in MAKER_TAGS[:2] else "" for tag in given]
        tags = ", ".join(f"{tag.name}{value}" for tag, value in zip(given, shown, strict=True))
        yield MAKER.at(file, f"EXIF data name a camera or its owner, expected none, got {tags}")
