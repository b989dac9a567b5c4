"""Rules for the header of an image, which the first bytes of a file tell: its format, size, mode, and the face in it.

In goes a Header and what the sheet says of the image; out come findings. No pixel is decoded for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from DiffusionFER import parse_box
from tools.check.findings import Finding, quote
from tools.check.images.formats import ENDINGS, Header
from tools.check.images.rules import ALPHA, ANIMATED, CROP_SHAPE, EXTENSION, FACE_BOX, MODE
from tools.check.sheet.read import Sheet

USUAL = ("RGB", "L")
_BITS = {"1": "1 bit a pixel", "P": "a palette", "CMYK": "CMYK", "L;2": "grey of 2 bits", "L;4": "grey of 4 bits"}


def header_findings(file: str, header: Header, *, is_crop: bool) -> Iterator[Finding]:
    """Yield what is wrong with the header of an image, whatever the sheet says."""
    yield from _extension(file, header)
    yield from _mode(file, header)
    yield from _alpha(file, header)
    if header.animated:
        yield ANIMATED.at(file, f"the {header.format} has more than one frame, expected one")
    if is_crop and header.width != header.height:
        yield CROP_SHAPE.at(file, f"crop has {header.width:,} x {header.height:,} pixels, expected as many each way")


def _extension(file: str, header: Header) -> Iterator[Finding]:
    endings = ENDINGS[header.format]
    if not file.lower().endswith(endings):
        given = "." + file.rpartition(".")[2]
        message = f"file is a {header.format}, expected the ending {' or '.join(endings)}, got {quote(given)}"
        yield EXTENSION.at(file, message, value=given)


def _mode(file: str, header: Header) -> Iterator[Finding]:
    mode = header.mode.replace("A", "")
    if mode not in USUAL:
        what = _BITS.get(mode) or ("16 bits a channel" if "16" in mode else f"mode {quote(header.mode)}")
        yield MODE.at(file, f"image has {what}, expected RGB or grey of 8 bits", value=header.mode)


def _alpha(file: str, header: Header) -> Iterator[Finding]:
    if header.transparent:
        yield ALPHA.at(file, f"image has transparency (mode {header.mode}), expected none", value=header.mode)


def face_box_findings(file: str, header: Header, cell: Any, sheet: Sheet, index: int) -> Iterator[Finding]:
    """Yield that the `face_box` of the row at `index`, in pixels of the original, ends outside of the original.

    Less than a pixel is let pass: detectors round. What is no box at all, or begins outside, is for rules of the sheet.
    """
    try:
        box = parse_box(cell)
    except ValueError:
        return
    if box and (box[0] + box[2] >= header.width + 1 or box[1] + box[3] >= header.height + 1):
        shown = " ".join(f"{value:g}" for value in box)
        size = f"{header.width:,} x {header.height:,} pixels"
        message = f"face_box {quote(shown)} reaches out of {quote(file)}, which has {size}"
        yield sheet.found(FACE_BOX, index, message, column="face_box", value=shown)
