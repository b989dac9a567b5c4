"""Reading the sheet for a check: the rows, column by column, and what is wrong with the sheet as a whole.

In goes a data directory, out comes a Sheet, whose rows the other modules go through, and findings for what kept (part
of) it from being read.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import FACE_FEATURES, SHEET_NAMES, SUBSETS, Remote, is_remote, names_there
from tools.check.findings import Finding, Rule
from tools.check.places import true_places
from tools.check.sheet.form import form_findings
from tools.check.sheet.formulas import Cell, header_findings, own_formula_findings, own_formulas
from tools.check.sheet.published import path_folders, published_boxes, published_names, published_rows
from tools.check.sheet.rules import NO_ROWS, SHEET_MISSING, SHEET_TWICE, SHEET_UNREADABLE
from tools.check.sheet.schema import cast_cells, one_array, suspects
from tools.check.sheet.source import MAX_BYTES, Origin, Source, TooLargeError, read_rows
from tools.check.sheet.unreadable import column_problems, why_unreadable

SHA256_COLUMNS = {"original": "sha256", "cropped": "sha256_cropped"}
_SCHEMA = FACE_FEATURES.arrow_schema
# The columns that are read, with the type that the dataset publishes; what else a sheet holds is the maintainer's.
COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("path", "split"), pa.string()),
    **{field.name: field.type for field in _SCHEMA if field.name not in ("image", "image_id", "emotion", "sha256")},
    **dict.fromkeys(("emotion", *SHA256_COLUMNS.values()), pa.string()),
}
# Text of these columns repeats from row to row, and is compared with that of other columns or rows.
REPEATING = ("split", "emotion", "prompt", "negative_prompt", "race", "age", "gender", "steps", "sampler", "cfg_scale",
             "model")  # fmt: skip
# The columns in which rows are compared with each other.
COMPARED = ("path", "split", "emotion", "prompt", "negative_prompt", "seed", "steps", "sampler", "cfg_scale", "model")
# What a sheet keeps that has a value for each row. Text is not among it, for which few rules ask of a good sheet.
OF_ROWS = ("numbers", "folders", "names", "published")


def size_of(config: str) -> str:
    """Return the size of a config of faces: small, medium or large."""
    return config.rpartition("_")[0]


def original_folders(size: str) -> tuple[str, ...]:
    """Return the folders of originals that the rows of a size name: the sheet names no crops."""
    return SUBSETS[f"{size}_original"].folders


@dataclass(frozen=True)
class Sheet:
    """Rows of a sheet: its name below the data directory, the rows, and where in the sheet each of them stands.

    A column of text that repeats may be a dictionary in `table`; `text` and `distinct` give either form of any column.
    What they give is kept, so that each rule may ask anew. A sheet that was looked at while it was read has the columns
    in which rows are compared, and in `doubtful` all columns of the rows that a rule for single rows may have found.
    """

    name: str
    table: pa.Table
    origin: Origin
    positions: pa.Array | None = None  # of the rows among all of the sheet; None: these are all
    doubtful: Sheet | None = None
    _kept: dict[tuple[str, str], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def position(self, index: int) -> int:
        """Return the position among all rows of the sheet of the row at `index` of the table."""
        return index if self.positions is None else int(self.positions[index].as_py())

    def row(self, index: int) -> int:
        """Return the number that a spreadsheet shows for the row at `index` of the table: the header is row 1."""
        return self.origin.row(self.position(index))

    def found(
        self, rule: Rule, index: int, message: str, hint: str = "", *, column: str, value: str | None = None
    ) -> Finding:
        """Return the finding that a rule is broken by a cell of the row at `index` of the table."""
        line = self.origin.line(self.position(index))
        return rule.at(self.name, message, hint, row=self.row(index), line=line, column=column, value=value)

    def where(self, mask: pa.Array) -> Sheet:
        """Return the rows for which `mask` is true."""
        if pc.all(mask).as_py() is not False:  # None: there is no row
            return self
        positions = true_places(mask).cast(pa.int64())
        before = positions if self.positions is None else self.positions.take(positions)
        return Sheet(self.name, self.table.filter(mask), self.origin, before)

    def only(self, *columns: str) -> Sheet:
        """Return all rows with fewer columns, which makes choosing among them quick."""
        sheet = Sheet(self.name, self.table.select(list(columns)), self.origin, self.positions)
        sheet._kept.update({key: value for key, value in self._kept.items() if key[1] in columns})
        return sheet

    def has(self, column: str) -> bool:
        """Say whether the column is there."""
        return self.table.schema.get_field_index(column) >= 0  # no name is there twice

    def text(self, column: str) -> pa.Array:
        """Return a column as one array of text; a cell that is no text becomes null (`columns` reports it)."""
        return self._keep("text", column, lambda: one_array(cast_cells(self.table[column], pa.string())[0]))

    def distinct(self, column: str) -> tuple[pa.Array, pa.Array]:
        """Return the distinct texts of a column, and for each row the index (int32) of its own; null where empty."""
        return self._keep("distinct", column, lambda: self._distinct(column))

    def _distinct(self, column: str) -> tuple[pa.Array, pa.Array]:
        values = self.table[column]
        values = values.unify_dictionaries() if pa.types.is_dictionary(values.type) else self.text(column)
        encoded = one_array(values) if isinstance(values, pa.ChunkedArray) else values.dictionary_encode()
        return encoded.dictionary, encoded.indices

    def numbers(self, column: str) -> pa.Array:
        """Return a column as one array of the type that the dataset publishes; null where a cell is not of it."""
        return self._keep("numbers", column, lambda: self._numbers(column))

    def _numbers(self, column: str) -> pa.Array:
        target = COLUMNS[column]
        wide = self.cast(column, pa.float64() if target == pa.float32() else target)
        return one_array(cast_cells(wide, target)[0])

    def cast(self, column: str, target: pa.DataType) -> pa.ChunkedArray:
        """Return a column in a type; null where a cell is not of it."""
        return self._keep(str(target), column, lambda: cast_cells(self.table[column], target)[0])

    def folders(self) -> pa.Array:
        """Return for each path the place of its first folder in `ORIGINALS` (int32); null where it is none of them."""
        return self._keep("folders", "path", lambda: path_folders(self))

    def names(self) -> pa.Array:
        """Return the eight letters in each path as one number (uint64); all paths must be of the published form."""
        return self._keep("names", "path", lambda: published_names(self))

    def published(self) -> pa.Array:
        """Return a mask (bool) of the rows whose path is of the published form and agrees with their label."""
        return self._keep("published", "path", lambda: published_rows(self))

    def published_boxes(self) -> bool:
        """Say whether each face box is of the published form, or empty."""
        return self._keep("boxes", "face_box", lambda: published_boxes(self))

    def suspects(self, column: str) -> pa.Array:
        """Return the places of the cells that may break the sheet's JSON Schema: all that do are among them."""
        return self._keep("suspects", column, lambda: suspects(self, column))

    def _keep(self, kind: str, column: str, make: Callable[[], Any]) -> Any:
        if (kind, column) not in self._kept:
            self._kept[kind, column] = make()
        return self._kept[kind, column]

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


def read_sheet(data_dir: str) -> tuple[Sheet | None, list[Finding]]:
    """Read the sheet of a data directory and say what is wrong with it as a whole; None where no row can be checked."""
    try:
        present = names_there(data_dir, SHEET_NAMES)
    except (OSError, ValueError) as error:  # of a remote one
        return None, [_closed(SHEET_NAMES[0], error)]
    if not present:
        message = f"the data directory holds neither {' nor '.join(SHEET_NAMES)}"
        return None, [SHEET_MISSING.at(SHEET_NAMES[0], message, "write the sheet, with a row for each image")]
    if len(present) > 1:
        message = f"the data directory holds {' and '.join(present)}, expected one of them"
        return None, [SHEET_TWICE.at(SHEET_NAMES[0], message, "keep the newer one")]
    if is_remote(data_dir):
        return _read_remote(present[0], Remote(data_dir))
    name, path = present[0], Path(data_dir, present[0])
    inside = os.path.realpath(data_dir).rstrip(os.sep) + os.sep
    if not os.path.realpath(path).startswith(inside):
        message, hint = "the sheet is a link that leaves the data directory", "put the sheet itself in its place"
        return None, [SHEET_UNREADABLE.at(name, message, hint)]
    return read_sheet_file(name, path)


def read_sheet_file(
    name: str, path: Path, is_doubtful: Callable[[Sheet], bool] | None = None
) -> tuple[Sheet | None, list[Finding]]:
    """Read a sheet at any path, which findings call `name`; returns what `read_sheet` returns. Never raises.

    Where `is_doubtful` is given, it is asked of each part of the sheet as it is read, in the thread that read it; of a
    part that is not, only the columns in which rows are compared are kept.
    """
    try:
        if path.is_file():
            return _parse(Source.of_file(name, path), is_doubtful)
        what = "a folder, expected a file" if path.is_dir() else "not a regular file"  # a pipe would wait
        message, hint = f"the sheet is {what}", "put a CSV or Parquet file in its place"
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        return None, [_closed(name, error)]
    return None, [SHEET_UNREADABLE.at(name, message, hint)]


def _closed(name: str, error: OSError | ValueError) -> Finding:
    reason = getattr(error, "strerror", None) or error
    return SHEET_UNREADABLE.at(name, f"the sheet cannot be opened: {reason}", "give yourself the right to read it")


def _read_remote(name: str, remote: Remote) -> tuple[Sheet | None, list[Finding]]:
    """Download a sheet and parse it: its rules look at its bytes several times."""
    try:
        content = remote.read(name, MAX_BYTES)
    except (OSError, ValueError) as error:
        return None, [_closed(name, error)]
    return parse_sheet(name, content)


def parse_sheet(name: str, content: bytes) -> tuple[Sheet | None, list[Finding]]:
    """Parse the bytes of a sheet called `name`; returns what `read_sheet` returns. Never raises."""
    return _parse(Source.of_bytes(name, content))


class _Part(NamedTuple):
    """What is kept of a part of a sheet, and whether it is doubtful; all columns, those at fault, and the last cell.

    `formulas` are the cells of columns that are not read which a spreadsheet would run.
    """

    sheet: Sheet
    doubtful: bool
    names: list[str]
    problems: list[Finding]
    formulas: list[Cell]
    last: Any


def _parse(source: Source, is_doubtful: Callable[[Sheet], bool] | None = None) -> tuple[Sheet | None, list[Finding]]:
    try:
        parts, marks = read_rows(source, REPEATING, lambda table: _part(source, table, is_doubtful))
    except TooLargeError as error:
        message, hint = f"the sheet is too large: {error}", "divide the dataset, or leave out columns of your own"
        return None, [SHEET_UNREADABLE.at(source.name, message, hint)]
    except (ValueError, pa.ArrowException) as error:
        return None, list(why_unreadable(source, error))
    sheets = [part.sheet for part in parts]
    counts = [sheet.table.num_rows for sheet in sheets]
    origin, last = Origin(source, sum(counts), marks), parts[-1].last
    findings = [*parts[0].problems, *form_findings(source, marks, parts[0].names, last, sum(counts), COLUMNS)]
    findings += header_findings(source.name, parts[0].names)
    starts = list(itertools.accumulate(counts[:-1], initial=0))
    for part, start in zip(parts, starts, strict=True):
        findings += own_formula_findings(origin, part.formulas, start)
    if not sheets[0].has("path"):
        return None, findings
    if is_doubtful is None:
        return _joined(sheets, origin), findings
    found = [(part.sheet, start) for part, start in zip(parts, starts, strict=True) if part.doubtful]
    positions = [np.arange(start, start + sheet.table.num_rows) for sheet, start in found]
    nothing = Sheet(source.name, sheets[0].table.slice(0, 0), origin)
    doubtful = _joined([sheet for sheet, _ in found], origin, pa.array(np.concatenate(positions))) if found else nothing
    compared = [sheet.only(*(column for column in COMPARED if sheet.has(column))) for sheet in sheets]
    return _joined(compared, origin, doubtful=doubtful), findings


def _part(source: Source, table: pa.Table, is_doubtful: Callable[[Sheet], bool] | None) -> _Part:
    if source.name.endswith(".parquet"):
        whole = [index for index, column in enumerate(table.column_names) if column in COLUMNS]
        table.select(whole).validate(full=True)  # Parquet may call bytes text that are none
    problems = list(column_problems(source.name, table, COLUMNS))
    wrong = {finding.column for finding in problems}
    read = [column for column in table.column_names if column in COLUMNS and column not in wrong]
    sheet = Sheet(source.name, table.select(read), Origin(source, table.num_rows, None))
    doubtful = is_doubtful is None or not sheet.has("path") or is_doubtful(sheet)
    if not doubtful:
        sheet = sheet.only(*(column for column in COMPARED if sheet.has(column)))
    last = table.column(table.num_columns - 1)[-1].as_py() if table.num_rows else None
    return _Part(sheet, doubtful, table.column_names, problems, own_formulas(table, read), last)


def _joined(
    sheets: list[Sheet], origin: Origin, positions: pa.Array | None = None, doubtful: Sheet | None = None
) -> Sheet:
    """Return the rows of several sheets as one, with what each of them has kept as an array."""
    table = pa.concat_tables([sheet.table for sheet in sheets]).unify_dictionaries()
    joined = Sheet(sheets[0].name, table, origin, positions, doubtful)
    for key in set.intersection(*(set(sheet._kept) for sheet in sheets)):
        if key[0] in OF_ROWS:
            joined._kept[key] = pa.concat_arrays([sheet._kept[key] for sheet in sheets])
    return joined


def rows_missing(sheet: Sheet, size: str) -> Finding:
    """Return the finding that a sheet has no row of a size."""
    folders = " or ".join(f"{folder}/" for folder in original_folders(size))
    message = f"the sheet has no row for size {size}: no path begins with {folders}"
    return NO_ROWS.at(sheet.name, message, "add the rows of its images")
