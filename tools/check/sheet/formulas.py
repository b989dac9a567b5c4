"""What a spreadsheet would run as a formula: in any text, in the header, and in columns of the maintainer's own.

In go a text, the names of columns or a part of a sheet; out come findings, or the cells at fault by their place in the
part. Of each text one byte is looked at; only what begins as a formula does is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tools.check.findings import Finding, quote
from tools.check.places import true_places
from tools.check.sheet.rules import FORMULA
from tools.check.sheet.source import Origin

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), full-width forms too.
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
FIRST_BYTES = np.zeros(256, bool)
FIRST_BYTES[[mark.encode()[0] for mark in FORMULA_MARKS]] = True
# Digits with the points and commas of any country, and per cent: a number to a spreadsheet, if not to Python.
_NUMBER = r"[+-][0-9.,]*[0-9][0-9.,]*%?"


class Cell(NamedTuple):
    """A cell of a part of a sheet: its column, the place of its row in the part, and its text."""

    column: str
    place: int
    text: str


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet would run a text. A mark alone is text to it, and a number is a number."""
    if len(text) < 2 or not text.startswith(FORMULA_MARKS) or re.fullmatch(_NUMBER, text):
        return False
    try:
        float(text)
    except ValueError:
        return True
    return False


def formula_message(what: str, text: str) -> str:
    """Return what is wrong with a text, which `what` quotes."""
    return f"{what} begins with {quote(text[0])}: a spreadsheet runs it as a formula"


def header_findings(name: str, columns: Collection[str]) -> Iterator[Finding]:
    """Yield the names of columns that are formulas, of a sheet called `name`."""
    for column in dict.fromkeys(columns):
        if is_formula(column):
            yield FORMULA.at(
                name, formula_message(f"column {quote(column)}", column), row=1, column=column, value=column
            )


def own_formulas(table: pa.Table, read: Collection[str]) -> list[Cell]:
    """Return the formulas in a part of a sheet, in those columns of text that are not among the ones that are `read`.

    These are the maintainer's own, of which nothing else is asked; they are not kept.
    """
    return [
        Cell(name, place, text)
        for name, column in zip(table.column_names, table.columns, strict=True)
        if name not in read and _is_text(column.type)
        for place, text in _formulas(column)
    ]


def own_formula_findings(origin: Origin, cells: Collection[Cell], start: int) -> Iterator[Finding]:
    """Yield the findings for cells of a part whose first row is at `start` among all rows of the sheet."""
    for column, place, text in cells:
        row, line = origin.row(start + place), origin.line(start + place)
        message = formula_message(f"{quote(text)} in column {quote(column)}", text)
        yield FORMULA.at(origin.source.name, message, row=row, line=line, column=column, value=text)


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _formulas(column: pa.ChunkedArray) -> Iterator[tuple[int, str]]:
    start = 0
    for chunk in column.chunks:
        for place in _suspects(chunk):
            cell = chunk[place].value if pa.types.is_dictionary(chunk.type) else chunk[place]
            # By its bytes, for in a column that is not read nobody has seen whether they are UTF-8.
            text = cell.as_buffer().to_pybytes().decode("utf-8", "replace")
            if is_formula(text):
                yield start + place, text
        start += len(chunk)


def _suspects(values: pa.Array) -> list[int]:
    """Return the places of texts whose first byte is that of a mark, without those that are plain numbers."""
    if pa.types.is_dictionary(values.type):
        suspects = _suspects(values.dictionary)
        wanted = pa.array(suspects, pa.int64())
        codes = values.indices.cast(pa.int64())
        return [int(place) for place in true_places(pc.is_in(codes, wanted)).to_pylist()] if suspects else []
    _, offsets, data = values.buffers()
    if not len(values) or not data or not data.size:
        return []
    width = np.int64 if pa.types.is_large_string(values.type) else np.int32
    ends = np.frombuffer(offsets, width)[values.offset : values.offset + len(values) + 1]
    starts = np.minimum(ends[:-1], data.size - 1)  # an empty text at the end begins behind the last byte
    odd = FIRST_BYTES[np.frombuffer(data, np.uint8)[starts]] & (ends[1:] - ends[:-1] > 1)
    places = pa.array(np.flatnonzero(odd))
    if not len(places):
        return []
    is_number = pc.match_substring_regex(values.take(places), f"^{_NUMBER}$")  # of which a column may be full
    return [int(place) for place in places.filter(pc.invert(is_number)).to_pylist()]  # null, as is_number, goes
