"""Reading the sheet for a check: the rows, column by column, and what is wrong with the sheet as a whole.

In goes a data directory, out comes a Sheet, whose rows the other modules go through, and findings for what kept (part
of) it from being read.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import FACE_FEATURES, SHEET_NAMES, SUBSETS, path_problem
from tools.check.findings import Finding, Rule
from tools.check.images.content import Recorded
from tools.check.sheet.form import form_findings
from tools.check.sheet.published import published_rows
from tools.check.sheet.rules import NO_ROWS, SHEET_MISSING, SHEET_TWICE, SHEET_UNREADABLE
from tools.check.sheet.schema import cast_cells, one_array
from tools.check.sheet.source import Origin, Source, TooLargeError, read_rows
from tools.check.sheet.unreadable import column_problems, why_unreadable

SHA256_COLUMNS = {"original": "sha256", "cropped": "sha256_cropped"}
_SCHEMA = FACE_FEATURES.arrow_schema
# The columns that are read, with the type that the dataset publishes; what else a sheet holds is the maintainer's.
COLUMNS: dict[str, pa.DataType] = {
    **dict.fromkeys(("path", "split"), pa.string()),
    **{field.name: field.type for field in _SCHEMA if field.name not in ("image", "image_id", "emotion", "sha256")},
    **dict.fromkeys(("emotion", *SHA256_COLUMNS.values()), pa.string()),
}
# Text of these columns repeats from row to row.
REPEATING = ("split", "emotion", "prompt", "negative_prompt", "race", "age", "gender", "style", "others", "steps",
             "sampler", "cfg_scale", "model")  # fmt: skip


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
    What they give is kept, so that each rule may ask anew.
    """

    name: str
    table: pa.Table
    origin: Origin
    positions: pa.Array | None = None  # of the rows among all of the sheet; None: these are all
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
        positions = pc.indices_nonzero(mask).cast(pa.int64())
        before = positions if self.positions is None else self.positions.take(positions)
        return Sheet(self.name, self.table.filter(mask), self.origin, before)

    def only(self, *columns: str) -> Sheet:
        """Return all rows with fewer columns, which makes choosing among them quick."""
        return Sheet(self.name, self.table.select(list(columns)), self.origin, self.positions)

    def has(self, column: str) -> bool:
        """Say whether the column is there."""
        return column in self.table.column_names

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
        return self._keep("numbers", column, lambda: one_array(cast_cells(self.table[column], COLUMNS[column])[0]))

    def published(self) -> pa.Array:
        """Return a mask (bool) of the rows whose path is of the published form and agrees with their label."""
        return self._keep("published", "path", lambda: published_rows(self))

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
    """Read a sheet at any path, which findings call `name`; returns what `read_sheet` returns. Never raises."""
    try:
        if path.is_file():
            return _parse(Source.of_file(name, path))
        message, hint = "the sheet is not a regular file", "put a CSV or Parquet file in its place"  # a pipe would wait
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        reason = error.strerror if isinstance(error, OSError) else error
        message, hint = f"the sheet cannot be opened: {reason}", "give yourself the right to read it"
    return None, [SHEET_UNREADABLE.at(name, message, hint)]


def parse_sheet(name: str, content: bytes) -> tuple[Sheet | None, list[Finding]]:
    """Parse the bytes of a sheet called `name`; returns what `read_sheet` returns. Never raises."""
    return _parse(Source.of_bytes(name, content))


def _parse(source: Source) -> tuple[Sheet | None, list[Finding]]:
    name = source.name
    try:
        table, marks = read_rows(source, REPEATING)
        if marks is None:
            whole = [index for index, column in enumerate(table.column_names) if column in COLUMNS]
            table.select(whole).validate(full=True)  # Parquet may call bytes text that are none
    except TooLargeError as error:
        message, hint = f"the sheet is too large: {error}", "divide the dataset, or leave out columns of your own"
        return None, [SHEET_UNREADABLE.at(name, message, hint)]
    except (ValueError, pa.ArrowException) as error:
        return None, list(why_unreadable(source, error))
    findings = list(column_problems(name, table, COLUMNS))
    wrong = {finding.column for finding in findings}
    findings += form_findings(source, marks, table, COLUMNS)
    read = table.select([column for column in table.column_names if column in COLUMNS and column not in wrong])
    if "path" not in read.column_names:
        return None, findings
    return Sheet(name, read, Origin(source, table, marks)), findings


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
