"""Rules for the form of a sheet: its bytes as other readers meet them, and the names of its columns.

In come the bytes of a sheet, the names of its columns, its last cell and how often certain bytes stand in them; no
rule looks at the bytes again unless there is something to say.
"""

from __future__ import annotations

import codecs
import collections
import difflib
import re
from collections.abc import Collection, Iterator
from typing import Any

from tools.check.findings import Edit, Finding, quote
from tools.check.sheet.cells import Record, find_cells, records
from tools.check.sheet.rules import BYTE_ORDER_MARK, COLUMN_NEAR, LINE_ENDS, NO_LAST_LINE_END, NUL_BYTE, OPEN_QUOTE
from tools.check.sheet.source import Marks, Source

NAMES = {b"\n": "LF", b"\r\n": "CR LF", b"\r": "CR"}
TAIL = 2**16  # bytes of the end that are looked at: the last line, in all but strange sheets
CLOSE = 0.86  # of difflib's ratio: one letter wrong in a name of seven
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BETWEEN = re.compile(r"[\s._-]+")


def form_findings(
    source: Source, marks: Marks | None, names: list[str], last: Any, rows: int, columns: Collection[str]
) -> Iterator[Finding]:
    """Yield what is wrong with the form of a sheet whose `columns` are those that are read.

    `names` are those of its columns, `last` is its last cell, `rows` how many it has below the header; `marks` are None
    for a Parquet sheet, of which only the names of columns are checked.
    """
    yield from _near_columns(source, marks, names, columns)
    if marks:
        yield from _byte_order_mark(source.name, marks)
        yield from _nul_bytes(source, marks)
        yield from _line_ends(source, marks)
        yield from _end(source, marks, last, rows)


def column_beyond_doubt(given: str, columns: Collection[str]) -> str | None:
    """Return the column whose name differs from `given` only in case or in what divides its words, or None."""
    words = _BETWEEN.sub("_", given.strip()).strip("_")
    return next((name for name in (words.lower(), _CAMEL.sub("_", words).lower()) if name in columns), None)


def _near_columns(source: Source, marks: Marks | None, names: list[str], columns: Collection[str]) -> Iterator[Finding]:
    missing = [column for column in columns if column not in names]
    meant = {given: column_beyond_doubt(given, missing) for given in names if given not in columns}
    rivals = collections.Counter(meant.values())
    for given, sure in meant.items():
        near = [sure] if sure else difflib.get_close_matches(given.strip().lower(), missing, n=1, cutoff=CLOSE)
        if not near:
            continue
        message = f"column {quote(given)} is not read, expected {quote(near[0])}"
        hint, edit = f"rename it to {quote(near[0])}, if that is what it holds", None
        if sure and rivals[sure] > 1:
            hint = f"keep one of the {rivals[sure]} columns that may be meant, and rename it to {quote(sure)}"
        elif sure and marks:
            edit = _renamed(source.content, given, sure)
        yield COLUMN_NEAR.at(source.name, message, hint, row=1, column=given, value=given, edit=edit)


def _renamed(content: bytes, given: str, name: str) -> Edit | None:
    header = next((record.row for record in records(content) if record.cells), 0)
    for _, cells in find_cells(content, {header}):
        found = [cell for cell in cells if cell.text == given]
        return found[0].replaced(name, alone=len(cells) == 1) if len(found) == 1 else None
    return None


def _byte_order_mark(name: str, marks: Marks) -> Iterator[Finding]:
    if marks.first.startswith(codecs.BOM_UTF8):
        message = "the sheet begins with a byte-order mark, expected the name of the first column"
        yield BYTE_ORDER_MARK.at(name, message, line=1, edit=Edit(0, codecs.BOM_UTF8, b""))


def _nul_bytes(source: Source, marks: Marks) -> Iterator[Finding]:
    if not marks.nuls:
        return
    content = source.content
    number, first = marks.nuls, content.find(b"\0")
    message = f"the sheet holds {number:,} NUL byte{'s' * (number > 1)}, expected none, the first at byte {first:,}"
    # Latin letters in UTF-16 have a NUL each.
    hint = "the sheet looks like UTF-16: save it as UTF-8" if number > len(content) // 3 else ""
    yield NUL_BYTE.at(source.name, message, hint, line=content.count(b"\n", 0, first) + 1)


def _line_ends(source: Source, marks: Marks) -> Iterator[Finding]:
    if not marks.returns or marks.returns == marks.newlines == marks.pairs:
        return
    content = source.content
    lines = [record for record in records(content) if record.ending]  # a line break in quotes ends no line
    counts = collections.Counter(record.ending for record in lines)
    usual = max((b"\n", b"\r\n"), key=lambda ending: counts[ending])
    odd = [record for record in lines if record.ending != usual]
    if not odd:
        return
    others = " and ".join(f"{number:,} in {NAMES[end]}" for end, number in counts.most_common() if end != usual)
    message = f"{counts[usual]:,} lines end in {NAMES[usual]}, expected all, got {others}"
    if not counts[usual]:
        message = f"all {len(odd):,} lines end in CR alone, expected LF"
    yield LINE_ENDS.at(source.name, message, row=odd[0].row, edit=_one_ending(content, lines, odd, usual))


def _one_ending(content: bytes, lines: list[Record], odd: list[Record], usual: bytes) -> Edit:
    """Return the edit that gives the lines from the first odd one to the last the usual ending."""
    start, end = odd[0].end, odd[-1].end + len(odd[-1].ending)
    parts, position = [], start
    for line in lines:
        if start <= line.end < end:
            parts += [content[position : line.end], usual]
            position = line.end + len(line.ending)
    return Edit(start, content[start:end], b"".join(parts))


def _end(source: Source, marks: Marks, cell: Any, rows: int) -> Iterator[Finding]:
    lines = len(re.split(r"\r\n|\r|\n", cell)) if isinstance(cell, str) else 0
    if lines > 1 and not _tail(source).rstrip(b"\r\n").endswith(b'"'):
        message = f"the last cell takes {lines:,} lines and has no closing quote, got {quote(cell)}"
        yield OPEN_QUOTE.at(source.name, message, value=cell)
    elif not _tail(source).endswith((b"\n", b"\r")):
        line = re.split(rb"[\r\n]", _tail(source))[-1].decode("utf-8", "replace")
        message = f"the last line has no line end, got {quote(line)} and then nothing"
        ending = b"\r\n" if marks.pairs else b"\n"
        edit = Edit(source.size, b"", ending) if _is_closed(source, marks, rows) else None
        yield NO_LAST_LINE_END.at(source.name, message, line=marks.newlines + 1, edit=edit)


def _tail(source: Source) -> bytes:
    return source.read(max(0, source.size - TAIL), source.size)


def _is_closed(source: Source, marks: Marks, rows: int) -> bool:
    """Say whether no quote is open where the last record ends."""
    if marks.plain(rows):  # each line is a record
        return _tail(source).rpartition(b"\n")[2].count(b'"') % 2 == 0
    content = source.content
    last = collections.deque(records(content), maxlen=1)
    return bool(last and list(find_cells(content, {last[0].row})))
