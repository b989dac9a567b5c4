"""Rules for the typed columns of a sheet: can each cell be read as what the dataset publishes, and is it in its range?

A column is cast as a whole; only the cells that resist are looked at one by one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import SPLITS, parse_box
from tools.check.findings import Finding, quote
from tools.check.sheet.read import COLUMNS, KINDS, SHA256_COLUMNS, Sheet, cast_cells
from tools.check.sheet.rules import AFFECT_RANGE, CELL_TYPE, SHA256_FORM, SPLIT_UNKNOWN

AFFECT = ("valence", "arousal")
_NUMBER = r"[+-]?[0-9]{1,30}(?:\.[0-9]*)?"  # parse_box takes it in any case: a match needs no second look
_BOX = rf"^ *{_NUMBER}(?: +{_NUMBER}){{3}} *$"


def column_findings(sheet: Sheet) -> Iterator[Finding]:
    """Yield the cells that are not of their column's type or range; columns that are not there are passed over."""
    for column, target in COLUMNS.items():
        if not sheet.has(column):
            continue
        if column == "face_box":
            yield from _boxes(sheet)
        elif column in AFFECT:
            yield from _affect(sheet, column)
        else:
            yield from _typed(sheet, column, target)
    yield from _splits(sheet)
    for column in SHA256_COLUMNS.values():
        yield from _digests(sheet, column)


def _true(mask: pa.Array) -> list[int]:
    return pc.indices_nonzero(mask).to_pylist()  # null is not true


def _typed(sheet: Sheet, column: str, target: pa.DataType) -> Iterator[Finding]:
    for _, row, value in sheet.cells(column, cast_cells(sheet.table[column], target)[1]):
        message = f"{column} {quote(value)} is not {KINDS[str(target)]}"
        yield CELL_TYPE.at(sheet.name, message, _number_hint(value or ""), row=row, column=column, value=value)


def _number_hint(value: str) -> str:
    if value.strip() != value:
        return f"write {quote(value.strip())}, without spaces around it"
    if value.count(",") == 1 and value.replace(",", "").lstrip("-").isdigit():
        return f"write {value.replace(',', '.')}, with a point"
    if value.lower() in ("none", "null", "n/a", "na", "-", "?"):
        return "leave the cell empty where the value is unknown"
    return "mend the cell, or leave it empty where the value is unknown"


def _affect(sheet: Sheet, column: str) -> Iterator[Finding]:
    numbers = cast_cells(sheet.table[column], COLUMNS[column])[0].combine_chunks()
    within = pc.fill_null(pc.less_equal(pc.abs(numbers), 1.0), False)  # a null and NaN are not within
    for index, row, value in sheet.cells(column, _true(pc.invert(within))):
        message = f"{column} is empty, expected a number from -1 to 1"
        hint = "every image has one: annotate it, or remove the row"
        if value is not None:
            message = f"{column} {quote(value)} is not a number from -1 to 1"
            finite = numbers[index].is_valid and math.isfinite(numbers[index].as_py())
            hint = "bring the scale to -1 to 1" if finite else "write a number such as -0.25"
            if "," in value or value.strip() != value:
                hint = _number_hint(value)
        yield AFFECT_RANGE.at(sheet.name, message, hint, row=row, column=column, value=value)


def _boxes(sheet: Sheet) -> Iterator[Finding]:
    values = sheet.table["face_box"]
    suspects = pa.array(range(sheet.table.num_rows), pa.int64())
    if values.type in (pa.string(), pa.large_string()):
        clean = pc.fill_null(pc.match_substring_regex(values, _BOX), True)
        suspects = pc.indices_nonzero(pc.invert(clean).combine_chunks())  # pyarrow 25 crashes where there is no chunk
    for index, value in zip(suspects.to_pylist(), values.take(suspects).to_pylist(), strict=True):
        try:
            parse_box(value)
        except ValueError as error:
            hint = "write 'x y width height' in pixels of the original, or leave the cell empty"
            message = f"face_box {quote(value)} {str(error).removeprefix(f'face_box {value!r} ')}"
            place = sheet.row(index)
            yield CELL_TYPE.at(sheet.name, message, hint, row=place, column="face_box", value=str(value))


def _splits(sheet: Sheet) -> Iterator[Finding]:
    if not sheet.has("split"):
        return
    known = pc.is_in(sheet.text("split"), pa.array(SPLITS))
    for _, row, value in sheet.cells("split", _true(pc.invert(known))):
        what = "split is empty, expected one of" if value is None else f"split {quote(value)} is none of"
        meant = {
            "val": "validation",
            "valid": "validation",
            "dev": "validation",
            "training": "train",
            "testing": "test",
        }
        near = (value or "").strip().lower()
        near = meant.get(near, near)
        hint = (
            f"write '{near}'" if near in SPLITS else "write the split, or remove the column to have all rows in train"
        )
        message = f"{what} {', '.join(SPLITS)}"
        yield SPLIT_UNKNOWN.at(sheet.name, message, hint, row=row, column="split", value=value)


def _digests(sheet: Sheet, column: str) -> Iterator[Finding]:
    if not sheet.has(column):
        return
    clean = pc.match_substring_regex(sheet.text(column), "^[0-9a-fA-F]{64}$")
    for _, row, value in sheet.cells(column, _true(pc.invert(clean))):
        message = f"{column} {quote(value)} of {len(value or ''):,} characters is not 64 hexadecimal digits"
        hint = "write what sha256sum prints, or leave the cell empty"
        yield SHA256_FORM.at(sheet.name, message, hint, row=row, column=column, value=value)
