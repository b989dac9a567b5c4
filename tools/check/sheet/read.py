"""Reading the sheet for a check: the table and what is wrong with the sheet as a whole.

In goes a data directory, out comes a Sheet, whose rows the other modules go through column by column, and findings for
what kept (part of) it from being read.
"""

from __future__ import annotations

import csv
import difflib
import functools
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import FACE_FEATURES, SHEET_NAMES, SUBSETS, path_problem, read_table, row_numbers
from tools.check.findings import Finding, quote
from tools.check.images.content import Recorded
from tools.check.sheet.rules import (
    COLUMN_MISSING,
    COLUMN_TWICE,
    COLUMN_TYPE,
    NO_ROWS,
    RAGGED_ROW,
    SHEET_MISSING,
    SHEET_TWICE,
    SHEET_UNREADABLE,
)

REQUIRED = ("path", "emotion", "valence", "arousal")
SHA256_COLUMNS = {"original": "sha256", "cropped": "sha256_cropped"}
_SCHEMA = FACE_FEATURES.arrow_schema
# The columns that are read, with the type that the dataset publishes; what else a sheet holds is the maintainer's.
COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("path", "split"), pa.string()),
    **{field.name: field.type for field in _SCHEMA if field.name not in ("image", "image_id", "emotion", "sha256")},
    **dict.fromkeys(("emotion", *SHA256_COLUMNS.values()), pa.string()),
}
# What a message calls these types.
KINDS = {"int64": "a whole number", "int32": "a whole number below 2**31", "float": "a number", "string": "text"}


def size_of(config: str) -> str:
    """Return the size of a config of faces: small, medium or large."""
    return config.rpartition("_")[0]


def original_folders(size: str) -> tuple[str, ...]:
    """Return the folders of originals that the rows of a size name: the sheet names no crops."""
    return SUBSETS[f"{size}_original"].folders


@dataclass(frozen=True)
class Sheet:
    """Rows of a sheet: its name below the data directory, the rows, and where in the sheet each of them stands."""

    name: str
    table: pa.Table
    numbers: pa.Array  # int64, as a spreadsheet shows them: the header is row 1

    def row(self, index: int) -> int:
        """Return the number that a spreadsheet shows for the row at `index` of the table."""
        return int(self.numbers[index].as_py())

    def where(self, mask: pa.Array) -> Sheet:
        """Return the rows for which `mask` is true."""
        if pc.all(mask).as_py() is not False:  # None: there is no row
            return self
        return Sheet(self.name, self.table.filter(mask), self.numbers.filter(mask))

    def has(self, column: str) -> bool:
        """Say whether the column is there."""
        return column in self.table.column_names

    def text(self, column: str) -> pa.Array:
        """Return a column as one array of text; a cell that is no text becomes null (`columns` reports it)."""
        return _one_array(cast_cells(self.table[column], pa.string())[0])

    def cells(self, column: str, indices: list[int]) -> list[tuple[int, int, str | None]]:
        """Return, for each index, itself, the row that a spreadsheet shows, and the cell as text (None: empty)."""
        values = self.table[column].take(pa.array(indices, pa.int64())).to_pylist()
        texts = (None if value is None else str(value) for value in values)
        return [(index, self.row(index), text) for index, text in zip(indices, texts, strict=True)]

    def of_size(self, size: str) -> Sheet:
        """Return the rows whose path begins with a folder of originals of a size, as the builder chooses them."""
        return self.where(_begins_with(self.text("path"), original_folders(size)))

    def concerning(self, sizes: Iterable[str]) -> Sheet:
        """Return all rows but those of other sizes: a path that begins with no known folder may be meant for any."""
        others = {size_of(name) for name, subset in SUBSETS.items() if subset.kind == "faces"} - set(sizes)
        folders = [folder for size in sorted(others) for folder in original_folders(size)]
        return self.where(pc.invert(_begins_with(self.text("path"), folders))) if folders else self


def _begins_with(paths: pa.Array, folders: Iterable[str]) -> pa.Array:
    masks = [pc.starts_with(paths, f"{folder}/") for folder in folders]
    return pc.fill_null(functools.reduce(pc.or_, masks), False)


def _one_array(values: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)


def cast_cells(values: pa.ChunkedArray, target: pa.DataType) -> tuple[pa.ChunkedArray, list[int]]:
    """Cast a column; a cell that cannot be cast becomes null, and the positions of these cells come along, sorted."""
    try:
        return values.cast(target), []
    except pa.ArrowException:  # Arrow casts all or nothing: now each value that is there is tried, and each but once
        distinct = _one_array(values).dictionary_encode()
        cast = pa.concat_arrays(_cast_parts(distinct.dictionary, target)).take(distinct.indices)
        return pa.chunked_array([cast]), pc.indices_nonzero(pc.and_(values.is_valid(), cast.is_null())).to_pylist()


def _cast_parts(values: pa.Array, target: pa.DataType) -> Iterator[pa.Array]:
    """Yield the values, cast; a part that fails is halved until the failing values stand alone, as nulls."""
    try:
        yield values.cast(target)
    except pa.ArrowException:
        half = len(values) // 2
        if half:
            yield from _cast_parts(values[:half], target)
            yield from _cast_parts(values[half:], target)
        else:
            yield pa.nulls(1, target)


def read_sheet(data_dir: str) -> tuple[Sheet | None, list[Finding]]:
    """Read the sheet of a data directory and say what is wrong with it as a whole; None where no row can be checked."""
    present = [name for name in SHEET_NAMES if os.path.lexists(Path(data_dir, name))]
    if not present:
        message = f"the data directory holds neither {' nor '.join(SHEET_NAMES)}"
        return None, [SHEET_MISSING.at(SHEET_NAMES[0], message, "write the sheet, with a row for each image")]
    if len(present) > 1:
        message = f"the data directory holds {' and '.join(present)}, expected one of them"
        return None, [SHEET_TWICE.at(SHEET_NAMES[0], message, "keep the newer one")]
    name, path = present[0], Path(data_dir, present[0])
    inside = os.path.realpath(data_dir).rstrip(os.sep) + os.sep
    if not os.path.realpath(path).startswith(inside):
        message, hint = "the sheet is a link that leaves the data directory", "put the sheet itself in its place"
        return None, [SHEET_UNREADABLE.at(name, message, hint)]
    return read_sheet_file(name, path)


def read_sheet_file(name: str, path: Path) -> tuple[Sheet | None, list[Finding]]:
    """Read a sheet at any path, which findings call `name`; returns what `read_sheet` returns."""
    if not path.is_file():  # opening a pipe would wait for ever
        message, hint = "the sheet is not a regular file", "put a CSV or Parquet file in its place"
    else:
        try:
            return parse_sheet(name, path.read_bytes())
        except OSError as error:
            message, hint = f"the sheet cannot be opened: {error.strerror}", "give yourself the right to read it"
    return None, [SHEET_UNREADABLE.at(name, message, hint)]


def parse_sheet(name: str, content: bytes) -> tuple[Sheet | None, list[Finding]]:
    """Parse the bytes of a sheet called `name`; returns what `read_sheet` returns. Never raises."""
    if not content:
        return None, [SHEET_UNREADABLE.at(name, "the sheet is empty: 0 bytes", "bring back the sheet")]
    try:
        table = read_table(name, content)
        whole = [index for index, column in enumerate(table.column_names) if column in COLUMNS]
        table.select(whole).validate(full=True)  # Parquet may call bytes text that are none
    except (ValueError, OSError, pa.ArrowException) as error:
        return None, list(_why_unreadable(name, content, error))
    findings = list(_columns(name, table))
    wrong = {finding.column for finding in findings}
    table = table.select([column for column in table.column_names if column in COLUMNS and column not in wrong])
    if "path" not in table.column_names:
        return None, findings
    return Sheet(name, table, pa.array(row_numbers(name, content, table.num_rows), pa.int64())), findings


def _why_unreadable(name: str, content: bytes, error: Exception) -> Iterator[Finding]:
    """Look at a sheet that failed to be read with Python's own parsers, which can say where."""
    if name.endswith(".parquet"):
        if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
            message = (
                f"the sheet is no whole Parquet file: it begins with {content[:4]!r} and ends with {content[-4:]!r}"
            )
        else:
            message = f"the sheet is a damaged Parquet file: {error}"
        yield SHEET_UNREADABLE.at(name, message, "write the sheet again")
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
        for number, row in enumerate(rows, start=2):
            if row and len(row) != width:
                message = (
                    f"the row has {len(row):,} cells, expected {width:,} as in the header, got {quote(','.join(row))}"
                )
                hint = "put a cell that holds a comma, a quote or a line break into double quotes"
                yield RAGGED_ROW.at(name, message, hint, row=number, value=",".join(row))
    except csv.Error:  # a cell of more than 128 KiB; what was found up to it stands
        return


def _columns(name: str, table: pa.Table) -> Iterator[Finding]:
    names = table.column_names
    for column in COLUMNS:
        if names.count(column) > 1:
            message = f"column {quote(column)} is there {names.count(column)} times, expected once"
            yield COLUMN_TWICE.at(name, message, "remove or rename one of them", row=1, column=column)
        elif column in names and column != "face_box" and not _can_be(table[column].type, COLUMNS[column]):
            kind = KINDS[str(COLUMNS[column])]
            message = f"column {quote(column)} holds {table[column].type}, expected {kind} in each cell"
            yield COLUMN_TYPE.at(name, message, "write the column in that type", row=1, column=column)
    for column in REQUIRED:
        if column not in names:
            near = difflib.get_close_matches(column, {given.strip().lower(): given for given in names}, n=1, cutoff=0.8)
            given = next((given for given in names if near and given.strip().lower() == near[0]), None)
            hint = "add the column" if given is None else f"rename column {quote(given)}"
            yield COLUMN_MISSING.at(name, f"column '{column}' is missing", hint, row=1, column=column)


def _can_be(given: pa.DataType, target: pa.DataType) -> bool:
    try:
        pa.chunked_array([], given).cast(target)
        pa.nulls(1, given).cast(target)
    except pa.ArrowException:
        return False
    return True


def rows_missing(sheet: Sheet, size: str) -> Finding:
    """Return the finding that a sheet has no row of a size."""
    folders = " or ".join(f"{folder}/" for folder in original_folders(size))
    message = f"the sheet has no row for size {size}: no path begins with {folders}"
    return NO_ROWS.at(sheet.name, message, "add the rows of its images")


def recorded_sha256(config: str, data_dir: str) -> dict[str, Recorded]:
    """Return the SHA-256 that the sheet records for images of a config, by the name of the file below the raw folder.

    Empty where there is no sheet that can be read.
    """
    column = SHA256_COLUMNS[config.rpartition("_")[2]]
    sheet, _ = read_sheet(data_dir)
    if sheet is None or not sheet.has(column):
        return {}
    rows = sheet.of_size(size_of(config))
    rows = rows.where(pc.is_valid(rows.text(column)))
    recorded = {}
    for index, (given, digest) in enumerate(
        zip(rows.text("path").to_pylist(), rows.text(column).to_pylist(), strict=True)
    ):
        if not path_problem(given):
            recorded[given.partition("/")[2]] = Recorded(sheet.name, rows.row(index), column, digest)
    return recorded
