"""The bytes of a sheet and the table in them: read in parts by two threads, or whole where parts would not be safe.

In goes a file or bytes, out comes the table that `DiffusionFER.read_table` gives, which stays the judge of what can be
read: wherever the parts leave a doubt, it reads the whole. Text that repeats from row to row is kept once, as a
dictionary, which is what makes a sheet of a million rows quick to check.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from DiffusionFER import read_table, row_numbers

# A million rows of the embedded edition have 0.4 GB; a table of more would not fit beside the rest of the work.
MAX_BYTES = 2 * 2**30
PART = 8 * 2**20  # bytes; what one thread parses and checks stays near its core
THREADS = min(2, os.cpu_count() or 1)
TEXTS = ("string", "large_string", "binary", "large_binary")
A = TypeVar("A")
B = TypeVar("B")
_DICTIONARY = pa.dictionary(pa.int32(), pa.string())


class TooLargeError(ValueError):
    """A sheet is larger than a table may be, so that it is not even looked into."""


@dataclass(frozen=True)
class Source:
    """The bytes of a sheet: its name, their number, and a way to read those from `start` to `stop`."""

    name: str
    size: int
    read: Callable[[int, int], bytes]

    @classmethod
    def of_bytes(cls, name: str, content: bytes) -> Source:
        """Return the source that stands in memory."""
        return cls(name, len(content), lambda start, stop: content[start:stop])

    @classmethod
    def of_file(cls, name: str, path: Path) -> Source:
        """Return the source that stands in a file. Reading it raises OSError where that is not possible."""

        def read(start: int, stop: int) -> bytes:
            with path.open("rb", buffering=0) as file:
                file.seek(start)
                pieces = []
                while start < stop and (piece := file.read(stop - start)):  # Linux reads 2 GiB at once at most
                    pieces.append(piece)
                    start += len(piece)
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)

        return cls(name, path.stat().st_size, read)

    @property
    def content(self) -> bytes:
        """All bytes, read when asked for: rules for a million good rows do without."""
        return self.read(0, self.size)


@dataclass(frozen=True)
class Marks:
    """How often the bytes that concern the lines of a CSV stand in it, and with which it begins."""

    source: Source
    returns: int  # b"\r", those of b"\r\n" too
    pairs: int  # b"\r\n"
    nuls: int

    @classmethod
    def of(cls, source: Source, content: bytes) -> Marks:
        """Count them in a part of a sheet that ends with a line, or with the sheet."""
        # To look for a byte is ten times as fast as to count it, and most sheets have neither.
        returns = content.count(b"\r") if b"\r" in content else 0
        pairs = content.count(b"\r\n") if returns else 0
        return cls(source, returns, pairs, content.count(b"\0") if b"\0" in content else 0)

    def __add__(self, other: Marks) -> Marks:
        """Return the marks of two parts of one sheet."""
        nuls = self.nuls + other.nuls
        return Marks(self.source, self.returns + other.returns, self.pairs + other.pairs, nuls)

    @property
    def first(self) -> bytes:
        """The first four bytes."""
        return self.source.read(0, 4)

    @functools.cached_property
    def newlines(self) -> int:
        """How often b"\n" stands in the sheet, counted when it is asked for."""
        return self.source.content.count(b"\n")

    def plain(self, rows: int) -> bool:
        """Say whether each line is a record: none is blank, and no cell holds a line break."""
        ends_open = self.source.read(self.source.size - 1, self.source.size) != b"\n"
        return self.returns == self.pairs and self.newlines + ends_open == rows + 1


@dataclass(frozen=True)
class Origin:
    """What rows come from: the bytes of the sheet, the number of its rows, and the marks of a CSV.

    On which row and line of the sheet a row of the table stands is found out when it is first asked for.
    """

    source: Source
    count: int
    marks: Marks | None  # None: no CSV

    @functools.cached_property
    def _of_rows(self) -> tuple[Sequence[int], Sequence[int | None]]:
        count = self.count
        plain = range(2, count + 2)
        if self.marks is None:
            return plain, [None] * count
        try:
            if self.marks.plain(count):
                return plain, plain
            content = self.source.content
            rows = row_numbers(self.source.name, content, count)
            return rows, _lines(content, count) or rows
        except (OSError, UnicodeDecodeError, csv.Error):  # it changed, or a cell has more than 128 KiB
            return plain, plain

    def row(self, index: int) -> int:
        """Return the number that a spreadsheet shows for a row: the header is row 1."""
        return int(self._of_rows[0][index])

    def line(self, index: int) -> int | None:
        """Return the line of a CSV on which a row begins, from 1; None in a Parquet file."""
        return self._of_rows[1][index]


def _lines(content: bytes, rows: int) -> list[int]:
    """Return the line on which each record behind the header begins; empty where records are not counted alike."""
    records = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    found, before = [], 0
    for record in records:
        if record:
            found.append(before + 1)
        before = records.line_num
    return found[1:] if len(found) == rows + 1 else []


def in_threads(function: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """Return what a function gives for each item, in their order; for work that Arrow does, which lets threads run."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(function, items))


def in_turn(*streams: Iterator[A]) -> Iterator[A]:
    """Yield what each stream has, one after the other; threads ask each for its first, before which Arrow does most.

    The others come as they are asked for, so that they take no memory and nobody waits for them to stop.
    """
    firsts = in_threads(lambda stream: list(itertools.islice(stream, 1)), streams)
    for first, rest in zip(firsts, streams, strict=True):
        yield from first
        yield from rest


def read_rows(source: Source, repeating: Sequence[str], look: Callable[[pa.Table], A]) -> tuple[list[A], Marks | None]:
    """Return what `look` gives for each part of a sheet, in order, and the marks of a CSV; a small sheet is one part.

    `look` gets a table with all columns, in the thread that read it; what it does not keep is not held in memory.
    `repeating` columns may come as dictionaries of text. Raises ValueError that says what is wrong
    (TooLargeError before anything is read), or OSError where the file cannot be read.
    """
    if source.size > MAX_BYTES:
        raise TooLargeError(f"it has {source.size:,} bytes; more than {MAX_BYTES:,} are not read")
    if source.name.endswith(".parquet"):
        content = source.content
        _refuse_bombs(content)
        return [look(read_table(source.name, content))], None
    parts = _cut(source) if source.size > PART else None
    found = _read_parts(source, parts, repeating, look) if parts else None
    if found:
        return found
    content = source.content
    return [look(read_table(source.name, content))], Marks.of(source, content)


def _refuse_bombs(content: bytes) -> None:
    """Raise TooLargeError for a Parquet file that expands to more than a table may have.

    The footer says how much its pages expand, but values that repeat take no room in a page: so each cell counts as 8
    bytes, and text is first read as a dictionary, which has each value once.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        # To ask for the column chunks would abort the whole process where the footer is damaged.
        groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
        _refuse(content, sum(max(group.total_byte_size, 8 * group.num_rows * group.num_columns) for group in groups))
        kinds = {field.name: field.type for field in file.schema_arrow}
        names = [name for name, kind in kinds.items() if pa.types.is_dictionary(kind) or str(kind) in TEXTS]
        if names and len(kinds) == len(file.schema_arrow):
            table = pq.ParquetFile(pa.BufferReader(content), read_dictionary=names).read(columns=names)
            texts = [column for column in table.columns if _is_encoded_text(column.type)]
            chunks = [chunk for column in texts for chunk in column.chunks]
            lengths = (pc.binary_length(chunk.dictionary).take(chunk.indices) for chunk in chunks)
            _refuse(content, sum(pc.sum(length.cast(pa.int64())).as_py() or 0 for length in lengths))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(str(error)) from error


def _is_encoded_text(kind: pa.DataType) -> bool:
    return pa.types.is_dictionary(kind) and str(kind.value_type) in TEXTS


def _refuse(content: bytes, claimed: int) -> None:
    if claimed > MAX_BYTES:
        raise TooLargeError(f"its {len(content):,} bytes expand to {claimed:,}; more than {MAX_BYTES:,} are not read")


def _cut(source: Source) -> list[int] | None:
    """Return the offsets at which the parts of a CSV begin, and its end: each but the first follows a line end.

    A line that is longer than a part has none: None.
    """
    cuts = [0]
    for start in range(PART, source.size, PART):
        for ahead in (2**12, PART):
            if found := source.read(start - 1, min(start + ahead, source.size)).find(b"\n") + 1:
                break
        else:
            return None
        cuts.append(start - 1 + found)
    return [*cuts, source.size] if cuts[-1] < source.size else cuts


def _read_parts(
    source: Source, cuts: list[int], repeating: Sequence[str], look: Callable[[pa.Table], A]
) -> tuple[list[A], Marks] | None:
    """Read a CSV in parts; None where one fails, or ends within a cell, so that it must be read as a whole."""
    try:
        header = io.TextIOWrapper(io.BytesIO(source.read(0, cuts[1])), encoding="utf-8-sig", newline="")
        names = next(csv.reader(header), [])
        if len(set(names)) < len(names):
            return None
        types = {name: _DICTIONARY if name in repeating else pa.string() for name in names}
        parse = pacsv.ParseOptions(newlines_in_values=True)

        def read(span: tuple[int, int]) -> tuple[A, Marks] | None:
            start, stop = span
            content = source.read(start, stop)
            # In threads of its own, pyarrow 26 may abort when the interpreter ends soon after; ours are joined.
            options = pacsv.ReadOptions(use_threads=False, column_names=names if start else None, block_size=PART * 2)
            convert = pacsv.ConvertOptions(
                column_types=types, strings_can_be_null=True, null_values=[""], check_utf8=not content.isascii()
            )
            table = pacsv.read_csv(pa.BufferReader(content), options, parse, convert)
            last = table.column(table.num_columns - 1)[-1].as_py() if table.num_rows else "\n"
            # Arrow ends an open cell where its input ends: then the line break behind it is in the cell.
            in_cell = stop < source.size and (last or "").endswith("\n")
            unsure = in_cell or table.column_names != names or (start > 0 and content.startswith(codecs.BOM_UTF8))
            return None if unsure else (look(table), Marks.of(source, content))

        parts = [part for part in in_threads(read, itertools.pairwise(cuts)) if part]
    except (pa.ArrowException, OSError, UnicodeDecodeError, csv.Error):
        return None
    if len(parts) < len(cuts) - 1:
        return None
    looked, marks = zip(*parts, strict=True)
    return list(looked), functools.reduce(Marks.__add__, marks)
