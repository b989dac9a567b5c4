"""Tables of strangers as they stand in a file: CSV, JSON lines or Parquet, each column read as text or as numbers.

In goes a file; out come its columns by name, and errors of one line for what is no such table. Nothing is guessed: in a
CSV all is text until a caller asks for numbers, and an image_id is text everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.json as pajson
import pyarrow.parquet as pq

from tools.check.findings import quote

FORMS = {".csv": "CSV", ".jsonl": "JSON lines", ".ndjson": "JSON lines", ".parquet": "Parquet"}
ENDINGS = ", ".join(FORMS)
IMAGE_ID = "image_id"
TEXTS = (IMAGE_ID, "image_path", "emotion")  # read as text whatever JSON would make of it, such as a date
BLOCK_BYTES = 16 * 2**20  # no row is longer
FIRST = 3  # rows that a message shows
_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"


@dataclass(frozen=True)
class Given:
    """The table of a file: its name, the sha256 of its bytes, and its columns."""

    name: str
    sha256: str
    table: pa.Table

    @property
    def rows(self) -> int:
        """The number of its rows."""
        return int(self.table.num_rows)

    def texts(self, column: str) -> pa.Array:
        """Return a column of texts. Raises ValueError where it holds anything else, or nothing in some row."""
        values = _plain(self.table[column])
        if not _is_text(values.type):
            zeros = ": numbers would lose the zeros that they begin with"
            zeros = zeros if column == IMAGE_ID and _is_number(values.type) else ""
            raise ValueError(f"{self.name}: {column} holds {_kind(values.type)}, not text{zeros}")
        values = values.cast(pa.large_string())
        empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), True)
        if count := int(pc.sum(empty).as_py() or 0):
            raise ValueError(f"{self.name}: {column} is empty in {_rows(count)} ({_places(empty)})")
        return values

    def numbers(self, column: str, low: float = -np.inf, high: float = np.inf) -> npt.NDArray[np.float64]:
        """Return a column of finite numbers from `low` to `high` (n,). Raises ValueError for anything else."""
        values = _plain(self.table[column])
        if _is_text(values.type):
            if not self._is_text:
                raise ValueError(f"{self.name}: {column} holds text, not numbers")
            good = pc.fill_null(pc.match_substring_regex(values, _NUMBER), False)
            self._refuse(column, pc.invert(good), "is no finite number")
            values = pc.utf8_trim_whitespace(values)
            values = pc.replace_substring_regex(values, r"^\+", "").cast(pa.float64())
        elif not _is_number(values.type):
            raise ValueError(f"{self.name}: {column} holds {_kind(values.type)}, not numbers")
        else:
            values = values.cast(pa.float64(), safe=False)
            self._refuse(column, pc.fill_null(pc.invert(pc.is_finite(values)), True), "is no finite number")
        found = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
        self._refuse(column, pa.array(~np.isfinite(found)), "is no finite number")  # 1e999
        outside = pa.array((found < low) | (found > high))
        self._refuse(column, outside, f"is not from {low:g} to {high:g} (clip it yourself, if that is meant)")
        return found

    @property
    def _is_text(self) -> bool:
        return self.name.lower().endswith(".csv")

    def _refuse(self, column: str, bad: pa.Array, what: str) -> None:
        if count := int(pc.sum(bad).as_py() or 0):
            places = np.flatnonzero(np.asarray(bad))[:FIRST]
            shown = ", ".join(f"row {place + 1:,}: {_shown(self.table[column][place].as_py())}" for place in places)
            raise ValueError(f"{self.name}: {column} {what} in {_rows(count)} ({shown}{_more(count)})")


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_number(kind: pa.DataType) -> bool:
    """Say whether a type is of numbers; to DuckDB, 0.5 in a query is a decimal."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _shown(value: object) -> str:
    return "empty" if value is None or value == "" else quote(value)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _more(count: int) -> str:
    return ", ..." if count > FIRST else ""


def _places(bad: pa.Array) -> str:
    places = np.flatnonzero(np.asarray(bad))
    return ", ".join(f"row {place + 1:,}" for place in places[:FIRST]) + _more(len(places))


def _kind(kind: pa.DataType) -> str:
    return f"values of type {kind}"[:80]


def _plain(column: pa.ChunkedArray) -> pa.Array:
    values = column.combine_chunks()
    if isinstance(values, pa.ChunkedArray):  # of no chunk
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], column.type)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def read_given(path: Path) -> Given:
    """Return the table of a file. Raises OSError where it cannot be read, ValueError where it is no such table."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ValueError(f"{path.name} is no table that is known: its name ends with none of {ENDINGS}")
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is not there")
    if not path.is_file():
        raise ValueError(f"{path.name} is not a regular file")
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
        if not file.tell():
            raise ValueError(f"{path.name} is empty")
    try:
        table = {"CSV": _csv, "JSON lines": _json_lines, "Parquet": _parquet}[form](path)
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} cannot be read as {form} (it is not UTF-8)") from None
    except (pa.ArrowException, ValueError, KeyError, RecursionError) as error:
        said = str(error).partition("\n")[0].replace(str(path), path.name)[:200]
        raise ValueError(f"{path.name} cannot be read as {form} ({said})") from None
    twice = [name for name, count in Counter(table.column_names).items() if count > 1]
    if twice:
        raise ValueError(f"{path.name} has more than one column {quote(twice[0])}")
    if not table.num_rows:
        raise ValueError(f"{path.name} has no row")
    return Given(path.name, digest.hexdigest(), table)


def _csv(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig", newline="") as file:
        # All columns as text; which they are, the first line says, and its form the same parser.
        head = file.readline(BLOCK_BYTES).encode()
    names = pacsv.read_csv(pa.BufferReader(head), parse_options=_csv_form()).column_names
    convert = pacsv.ConvertOptions(
        column_types={name: pa.string() for name in names}, strings_can_be_null=False, check_utf8=True
    )
    read = pacsv.ReadOptions(block_size=BLOCK_BYTES)
    return pacsv.read_csv(str(path), read_options=read, parse_options=_csv_form(), convert_options=convert)


def _csv_form() -> pacsv.ParseOptions:
    return pacsv.ParseOptions(newlines_in_values=True)


def _json_lines(path: Path) -> pa.Table:
    with path.open(encoding="utf-8-sig") as file:
        line = next((line for line in iter(lambda: file.readline(BLOCK_BYTES), "") if line.strip()), "")
    first = json.loads(line) if line else {}
    if not isinstance(first, dict):
        raise ValueError("a line is not an object {...}")
    schema = pa.schema([(name, pa.string()) for name in TEXTS if name in first])
    parse = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="infer")
    return pajson.read_json(str(path), read_options=pajson.ReadOptions(block_size=BLOCK_BYTES), parse_options=parse)


def _parquet(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as source, pq.ParquetFile(source) as file:
        return file.read()
