"""The published form of paths and face boxes: a quick look that sets aside the rows that need no second one.

In goes a sheet, out come masks and numbers for all of its rows, by kernels that cut at fixed places.
"""

from __future__ import annotations

import functools
import itertools
import string
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, SUBSETS

if TYPE_CHECKING:  # `read` comes after `schema`, which takes a look at paths from here
    from tools.check.sheet.read import Sheet

FACES = [subset for subset in SUBSETS.values() if subset.kind == "faces"]
ORIGINALS = tuple(name for subset in FACES if subset.name.endswith("original") for name in subset.folders)

# <folder of originals>/<label>/<eight letters>_<label index>.png
_FOLDER = len(ORIGINALS[0])  # all have names of one length
_FOLDERS = pa.array([f"{name}/" for name in ORIGINALS]).cast(pa.binary())
_MIDDLES = pa.array([f"/{label}/".encode() for label in EMOTIONS])
_ENDS = pa.array([f"_{index}.png".encode() for index in range(len(EMOTIONS))])
_LETTERS, _END = 8, len("_0.png")
_TO_TEXT = pc.CastOptions(pa.string(), allow_invalid_utf8=True)  # letters of two bytes may be cut apart


def published_rows(sheet: Sheet) -> pa.Array:
    """Return a mask (bool) of the rows whose path is of the published form, in the folder and with the index of their
    label: what the sheet's JSON Schema asks of a path, and more."""
    if not sheet.has("emotion") or sheet.table["path"].type != pa.string():
        return pa.repeat(False, sheet.table.num_rows)
    labels, codes = sheet.distinct("emotion")
    index = pc.index_in(labels, pa.array(EMOTIONS)).take(codes)
    paths = _binary(sheet)
    letters = pc.binary_slice(paths, -_LETTERS - _END, -_END)
    small = pc.ascii_ltrim(letters.cast(options=_TO_TEXT), characters=string.ascii_lowercase)
    masks = [
        sheet.folders().is_valid(),
        pc.equal(pc.binary_slice(paths, _FOLDER, -_LETTERS - _END), _MIDDLES.take(index)),
        pc.equal(pc.binary_slice(paths, -_END), _ENDS.take(index)),
        pc.equal(pc.binary_length(letters), _LETTERS),
        pc.equal(pc.binary_length(small), 0),
    ]
    return pc.fill_null(functools.reduce(pc.and_, masks), False)


def published_names(sheet: Sheet) -> pa.Array:
    """Return the eight letters of each path as one number (uint64); all paths must be of the published form."""
    letters = pc.binary_slice(_binary(sheet), -_LETTERS - _END, -_END)
    return pa.Array.from_buffers(pa.uint64(), len(letters), [None, letters.buffers()[2]], offset=letters.offset)


def path_folders(sheet: Sheet) -> pa.Array:
    """Return for each path the place of its first folder in `ORIGINALS` (int32); null where it is none of them."""
    return pc.index_in(pc.binary_slice(_binary(sheet), 0, _FOLDER + 1), _FOLDERS)


def _binary(sheet: Sheet) -> pa.Array:
    return sheet.text("path").cast(pa.binary())


def published_boxes(sheet: Sheet) -> bool:
    """Say whether each face box is empty or of the published form 'x y width height': four whole numbers of one to nine
    digits, of which the last two begin with none but 1 to 9. The sheet's JSON Schema asks no more."""
    values = sheet.table["face_box"]
    return values.type == pa.string() and all(_are_boxes(chunk.drop_null()) for chunk in values.chunks if len(chunk))


def _are_boxes(boxes: pa.StringArray) -> bool:
    _, offsets, data = boxes.buffers()
    ends = np.frombuffer(offsets, np.int32)[boxes.offset : boxes.offset + len(boxes) + 1]
    text = np.frombuffer(data or b"", np.uint8)[: ends[-1]]
    spaces = np.flatnonzero(text[ends[0] :] == ord(" ")) + ends[0]
    if len(spaces) != 3 * len(boxes) or np.count_nonzero(text[ends[0] :] - ord("0") > 9) != len(spaces):
        return False
    # Before and behind each number: where the spaces stand otherwise, one of them has no digit, or less.
    edges = [ends[:-1] - 1, *spaces.reshape(-1, 3).T, ends[1:]]
    digits = [after - before - 1 for before, after in itertools.pairwise(edges)]
    whole = all((number >= 1).all() and (number <= 9).all() for number in digits)
    return whole and all((text[space + 1] != ord("0")).all() for space in edges[2:4])
