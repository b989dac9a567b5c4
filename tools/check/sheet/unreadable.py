"""Says why a sheet cannot be read, or a column of it not be used, with the place at fault.

In goes what failed, out come findings; Python's own parsers are asked here, which are slower and can say where.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import functools
import io
from collections.abc import Iterator, Mapping

import pyarrow as pa

from tools.check.findings import Finding, quote
from tools.check.sheet.rules import COLUMN_MISSING, COLUMN_TWICE, COLUMN_TYPE, RAGGED_ROW, SHEET_UNREADABLE
from tools.check.sheet.schema import REQUIRED
from tools.check.sheet.source import Source

# What a message calls the types of columns.
KINDS = {"int64": "a whole number", "int32": "a whole number below 2**31", "float": "a number", "string": "text"}


def column_problems(name: str, table: pa.Table, columns: Mapping[str, pa.DataType]) -> Iterator[Finding]:
    """Yield the columns that are missing, there twice, or of a type that cannot become the one in `columns`."""
    names = table.column_names
    for column, target in columns.items():
        if names.count(column) > 1:
            message = f"column {quote(column)} is there {names.count(column)} times, expected once"
            yield COLUMN_TWICE.at(name, message, "remove or rename one of them", row=1, column=column)
        elif column in names and column != "face_box" and not _can_be(table[column].type, target):
            message = f"column {quote(column)} holds {table[column].type}, expected {KINDS[str(target)]} in each cell"
            yield COLUMN_TYPE.at(name, message, "write the column in that type", row=1, column=column)
    for column in REQUIRED:
        if column not in names:
            near = difflib.get_close_matches(column, {given.strip().lower(): given for given in names}, n=1, cutoff=0.8)
            given = next((given for given in names if near and given.strip().lower() == near[0]), None)
            hint = "add the column" if given is None else f"rename column {quote(given)}"
            yield COLUMN_MISSING.at(name, f"column '{column}' is missing", hint, row=1, column=column)


@functools.cache  # the parts of a sheet have the same types
def _can_be(given: pa.DataType, target: pa.DataType) -> bool:
    try:
        pa.chunked_array([], given).cast(target)
        pa.nulls(1, given).cast(target)
    except pa.ArrowException:
        return False
    return True


def why_unreadable(source: Source, error: Exception) -> Iterator[Finding]:
    """Look at a sheet that failed to be read with Python's own parsers, which can say where."""
    try:
        content = source.content
    except OSError as reason:
        message, hint = f"the sheet cannot be opened: {reason.strerror}", "give yourself the right to read it"
        yield SHEET_UNREADABLE.at(source.name, message, hint)
        return
    yield from _why(source.name, content, error)


def _why(name: str, content: bytes, error: Exception) -> Iterator[Finding]:
    if not content:
        yield SHEET_UNREADABLE.at(name, "the sheet is empty: 0 bytes", "bring back the sheet")
        return
    if name.endswith(".parquet"):
        if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
            message = (
                f"the sheet is no whole Parquet file: it begins with {content[:4]!r} and ends with {content[-4:]!r}"
            )
        else:
            message = f"the sheet is a damaged Parquet file: {error}"
        yield SHEET_UNREADABLE.at(name, message, "write the sheet again")
        return
    # Without a mark, UTF-16 is told by the NULs that every second byte of Latin letters and commas is.
    head = content[:1000]
    nuls = max(head[::2].count(0), head[1::2].count(0))
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) or nuls > len(head) * 0.4:
        yield SHEET_UNREADABLE.at(name, "the sheet is UTF-16, expected UTF-8", "save the sheet as 'CSV UTF-8'")
        return
    if "straddl" in str(error):  # Arrow's word for a line that is longer than the block it reads
        number, length = max(enumerate(map(len, content.split(b"\n")), start=1), key=lambda line: line[1])
        message = f"line {number:,} of the sheet has {length:,} bytes, more than a reader takes at once"
        hint = "see whether a quote is open there, or whether line breaks are missing"
        yield SHEET_UNREADABLE.at(name, message, hint, line=number)
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line, start = content.count(b"\n", 0, reason.start) + 1, max(0, reason.start - 10)
        found = content[start : reason.start + 10]
        message = f"the sheet is not UTF-8: byte {reason.start:,} in line {line:,}, got {found!r}"
        yield SHEET_UNREADABLE.at(name, message, "save the sheet as 'CSV UTF-8'")
        return
    header = text.partition("\n")[0]
    if "," not in header and (mark := next((mark for mark in ";\t" if mark in header), None)):
        message = f"the sheet has {mark!r} between its cells, expected ','"
        yield SHEET_UNREADABLE.at(name, message, "save the sheet as 'CSV UTF-8 (comma delimited)'")
        return
    ragged = list(_ragged_rows(name, text))
    yield from ragged
    if not ragged:
        message = f"the sheet is no CSV: {str(error).removeprefix(f'{name} cannot be read as a table: ')}"
        yield SHEET_UNREADABLE.at(name, message, "save the sheet as CSV, comma-separated, with double quotes")


def _ragged_rows(name: str, text: str) -> Iterator[Finding]:
    rows = csv.reader(io.StringIO(text, newline=""))
    try:
        width = len(next(rows, []))
        before = rows.line_num
        for number, row in enumerate(rows, start=2):
            line, before = before + 1, rows.line_num
            if row and len(row) != width:
                message = (
                    f"the row has {len(row):,} cells, expected {width:,} as in the header, got {quote(','.join(row))}"
                )
                hint = "put a cell that holds a comma, a quote or a line break into double quotes"
                yield RAGGED_ROW.at(name, message, hint, row=number, line=line, value=",".join(row))
    except csv.Error:  # a cell of more than 128 KiB; what was found up to it stands
        return
