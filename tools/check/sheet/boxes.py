"""The rule for face boxes as such; whether one lies inside its picture is told where the picture is at hand."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import parse_box
from tools.check.findings import Finding, quote
from tools.check.places import true_places
from tools.check.sheet.read import Sheet
from tools.check.sheet.rules import BOX_EXTENT


def box_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the face boxes of no width or height, and those that begin left of or above the picture."""
    if not sheet.has("face_box") or sheet.published_boxes():
        return
    for index in _suspects(sheet.table["face_box"]):
        value = sheet.table["face_box"][index].as_py()
        try:
            box = parse_box(value)
        except ValueError:  # no box at all, which another rule says
            continue
        if box and (min(box[:2]) < 0 or min(box[2:]) <= 0):
            message = (
                f"face_box {quote(value)} is no part of a picture, expected x and y from 0, width and height above"
            )
            yield sheet.found(BOX_EXTENT, index, f"{message} 0", column="face_box", value=str(value))


def _suspects(values: pa.ChunkedArray) -> list[int]:
    """Return the rows whose box may be wrong."""
    there = true_places(pc.is_valid(values))
    if pa.types.is_string(values.type):
        # A number that is not above 0 begins with a minus, a zero or a point; few others do.
        masks = [pc.match_substring(values, beginning) for beginning in ("-", " 0", " .")]
        return true_places(functools.reduce(pc.or_, masks)).to_pylist()
    lengths = pc.unique(pc.list_value_length(values).drop_null()).to_pylist() if _is_list(values.type) else []
    numbers = pc.list_flatten(values) if lengths == [4] else None
    if numbers is None or numbers.null_count or not pa.types.is_floating(numbers.type):
        return there.to_pylist()
    corners = numbers.to_numpy().reshape(-1, 4)
    wrong = (corners[:, :2] < 0).any(axis=1) | (corners[:, 2:] <= 0).any(axis=1)
    return there.filter(pa.array(wrong)).to_pylist()


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
