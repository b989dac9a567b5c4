"""The rows of a config of the data directory in the form in which the published ones are compared with them.

In goes what was seen of a config; out comes a table of `image_id`, `split`, `sha256`, `file` and the published columns,
as texts, numbers and, of EmoNet, as JSON. A cell that cannot be published is its own text, so that a report can be
made of a sheet that is still wrong.
"""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, FEATURES, SUBSETS
from tools.check.sheet.read import SHA256_COLUMNS, Sheet
from tools.check.sheet.schema import one_array
from tools.use.report.tree import Pictures
from tools.use.rows import RawRows, Rows

AT_A_TIME = 10_000  # rows of EmoNet that are objects at a time


def columns_of(config: str) -> list[str]:
    """Return the columns that are compared: all that are published but the picture, its id and its digest."""
    return [name for name in FEATURES[SUBSETS[config].kind] if name not in ("image", "image_id", "sha256")]


def face_rows(pictures: Pictures, rows: Sheet) -> pa.Table:
    """Return the rows of a config of faces; `sha256` is that of the file, or, where it was not read, of the sheet."""
    files = pictures.files
    columns = {
        "image_id": pc.replace_substring_regex(files, r"^.*/|\.[^./]*$", ""),
        "split": rows.text("split") if rows.has("split") else pa.array(["train"] * len(files)),
        "sha256": _digests(pictures, files) if len(pictures.sha256) else _claims(pictures, rows),
        "file": files,
    }
    schema = FEATURES["faces"].arrow_schema
    for name in columns_of(pictures.config):
        if not rows.has(name):
            columns[name] = pa.nulls(len(files), pa.string())
        elif name == "face_box":
            columns[name] = _box_texts(one_array(rows.table[name]))
        elif pa.types.is_string(schema.field(name).type) or name == "emotion":
            columns[name] = rows.text(name)
        else:
            columns[name] = _number_texts(rows.numbers(name), rows.text(name))
    return pa.table(columns)


def _digests(pictures: Pictures, files: pa.Array) -> pa.Array:
    """Return the SHA-256 of the files with these names as they were read; null where one was not."""
    places, found = pictures.sha256.where()
    seen = np.full(len(pictures.images.names), None, object)
    seen[places] = [bytes(digest).hex() for digest in found]
    return pa.array(seen, pa.string()).take(pc.index_in(files, pictures.images.names))


def _claims(pictures: Pictures, rows: Sheet) -> pa.Array:
    column = SHA256_COLUMNS[pictures.images.variant]
    return rows.text(column) if rows.has(column) else pa.nulls(rows.table.num_rows, pa.string())


def _number_texts(numbers: pa.Array, texts: pa.Array) -> pa.Array:
    """Return numbers as the published type writes them; a cell that is none stays as it is."""
    return pc.if_else(pc.is_valid(numbers), numbers.cast(pa.string()), texts)


def _box_texts(boxes: pa.Array) -> pa.Array:
    """Return face boxes, text or lists, as four numbers of 32 bits and blanks between them."""
    if pa.types.is_dictionary(boxes.type):
        boxes = boxes.dictionary_decode()
    text = boxes.type in (pa.string(), pa.large_string())
    try:
        parts = pc.split_pattern_regex(pc.utf8_trim_whitespace(boxes), r"\s+") if text else boxes
        texts = parts.cast(pa.list_(pa.float32())).cast(pa.list_(pa.string()))
        return pc.binary_join(texts, " ")
    except pa.ArrowException:  # a box is none, which a finding says
        return boxes.cast(pa.string()) if text else pa.nulls(len(boxes), pa.string())


def published_rows(rows: Rows) -> pa.Table:
    """Return the rows of a config of the Hub, or of a raw tree of EmoNet, in the same form.

    Raises what `Rows.table` raises.
    """
    parts = []
    for split in rows.splits:
        table = rows.table(split)
        columns = {"image_id": one_array(table["image_id"])}
        known = "sha256" in table.column_names  # EmoNet is published without
        columns["sha256"] = one_array(table["sha256"]) if known else pa.nulls(table.num_rows, pa.string())
        columns["split"] = pa.array([split] * table.num_rows, pa.string())
        if isinstance(rows, RawRows):
            columns["file"] = one_array(rows.index.rows(split)["file"])
        for name in columns_of(rows.config):
            columns[name] = _as_text(one_array(table[name]), name)
        parts.append(pa.table(columns))
    return pa.concat_tables(parts)


def _as_text(values: pa.Array, name: str) -> pa.Array:
    if name == "emotion":
        known = pc.and_(pc.greater_equal(values, 0), pc.less(values, len(EMOTIONS)))  # -1: datasets writes no label so
        names = pa.array(EMOTIONS).take(pc.if_else(known, values, None))
        return pc.if_else(pc.or_(known, pc.equal(values, -1)), names, values.cast(pa.string()))
    if name == "face_box":
        return _box_texts(values)
    if pa.types.is_nested(values.type):
        texts: list[str] = []
        for start in range(0, len(values), AT_A_TIME):
            texts += (json.dumps(value, ensure_ascii=False) for value in values[start : start + AT_A_TIME].to_pylist())
        return pa.array(texts, pa.string())
    return values.cast(pa.string())
