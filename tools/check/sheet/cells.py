"""Where the records and the cells of a CSV stand in its bytes, for edits that leave every other byte as it is.

In go the bytes of a sheet, out come its records and, for those that are asked for, the span of each cell. Python's csv
divides the records, so that a quoted line break is none; a cell is found again in its record and compared with what csv
reads there, so that an edit never rests on a guess.
"""

from __future__ import annotations

import array
import codecs
import csv
import io
import itertools
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from tools.check.findings import Edit

_CELL = re.compile(rb'("[^"]*(?:""[^"]*)*")?([^,\r\n]*)(,|\r\n|\r|\n|\Z)')
_NEEDS_QUOTES = re.compile(r'[",\r\n]')


class Record(NamedTuple):
    """A record of a CSV: the row that a spreadsheet shows (the header is 1), its bytes [start, end), and its cells.

    `ending` are the bytes from `end` on that end its line: CR LF, LF, CR or, at the end of the file, none.
    """

    row: int
    start: int
    end: int
    ending: bytes
    cells: list[str]


class Cell(NamedTuple):
    """A cell of a CSV: the offset of its bytes, these bytes (with quotes, where it has them), and its text."""

    start: int
    source: bytes
    text: str

    def replaced(self, text: str, *, alone: bool = False) -> Edit:
        """Return the edit that makes the cell read `text`: quoted if it was, or if the text asks for it.

        `alone` says that the cell is the only one of its record, which without a byte would be a blank line.
        """
        quoted = self.source.startswith(b'"') or _NEEDS_QUOTES.search(text) or (alone and not text)
        new = '"' + text.replace('"', '""') + '"' if quoted else text
        return Edit(self.start, self.source, new.encode("utf-8", "surrogateescape"))


def records(content: bytes, start: int = 0) -> Iterator[Record]:
    """Yield the records of a CSV, blank lines included, as far as it can be read (a cell above 128 KiB ends it).

    The first is the one that begins at `start`, and is called row 1.
    """
    if start == 0 and content.startswith(codecs.BOM_UTF8):
        start = len(codecs.BOM_UTF8)
    position = start
    line = b""
    source = io.BytesIO(content)
    source.seek(start)

    def lines() -> Iterator[str]:
        nonlocal line, position
        for line in (line for to_lf in source for line in to_lf.splitlines(keepends=True)):  # at LF, CR and CR LF alone
            position += len(line)
            yield line.decode("utf-8", "surrogateescape")

    try:
        for row, cells in enumerate(csv.reader(lines()), start=1):  # csv takes no line before it needs it
            ending = line[len(line.rstrip(b"\r\n")) :]
            yield Record(row, start, position - len(ending), ending, cells)
            start = position
    except csv.Error:
        return


def find_cells(content: bytes, rows: Collection[int], width: int | None = None) -> Iterator[tuple[int, list[Cell]]]:
    """Yield each of the wanted `rows` with its cells, or with the first `width` of them.

    A record whose cells do not stand as they should (text behind a closing quote, say) is passed over.
    """
    last = max(rows, default=0)
    for record in records(content):
        if record.row > last:
            return
        if record.row in rows and (cells := _cells(content, record, width or len(record.cells))):
            yield record.row, cells


class Rows:
    """The rows of a CSV, each of whose cells is found when it is asked for.

    `plain` says that each line is a record, so that the lines are found without a look into them.
    """

    def __init__(self, content: bytes, *, plain: bool) -> None:
        self._content = content
        ends = (line.end() for line in re.finditer(b"\n", content))
        starts = itertools.chain([0], ends) if plain else (record.start for record in records(content))
        self._starts = array.array("q", starts)
        self.names = next((record.cells for record in records(content) if record.cells), [])

    def cells(self, row: int, width: int) -> list[Cell]:
        """Return the first `width` cells of a row (the header is 1); none where they do not stand as they should."""
        start = self._starts[row - 1] if row <= len(self._starts) else len(self._content)
        record = next(records(self._content, start), None)
        return _cells(self._content, record, width) if record else []


def _cells(content: bytes, record: Record, width: int) -> list[Cell]:
    found: list[Cell] = []
    start = record.start
    for wanted in record.cells[:width]:
        match = _CELL.match(content, start, record.end)
        if not match:
            return []
        quoted, plain, _ = match.groups()
        source = quoted or plain
        text = source.decode("utf-8", "surrogateescape")
        if quoted:
            text = text[1:-1].replace('""', '"')
        if text != wanted or (quoted and plain) or (not quoted and plain.startswith(b'"')):
            return []
        found.append(Cell(start, source, text))
        start = match.end()
    return found
