"""The cells of a CSV in its bytes: whatever a CSV holds, a cell is found where it stands, and only it is replaced."""

from __future__ import annotations

import csv
import io
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tools.check.fixes import edited
from tools.check.sheet.cells import Rows, find_cells, records

TEXT = st.text(st.sampled_from("ab,\"' \n\ré\t="), max_size=6)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), min_size=1, max_size=6)
)
ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])


def write(table: list[list[str]], ending: str, quoted: bool, mark: bool, cut: bool) -> bytes:
    """Write a table as a CSV, with or without a byte-order mark, with or without its last line end."""
    text = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator=ending, quoting=quoting).writerows(table)
    written = text.getvalue().removesuffix(ending) if cut else text.getvalue()
    return written.encode("utf-8-sig" if mark else "utf-8")


def parse(content: bytes) -> list[list[str]]:
    """Read a CSV with Python's own reader."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


CSVS = st.builds(write, TABLES, ENDINGS, st.booleans(), st.booleans(), st.booleans())
# Alphabets of pieces, so that quotes and line ends meet in every way.
BYTES = st.lists(st.sampled_from([b"a", b",", b'"', b'""', b"\n", b"\r", b"\r\n", b" ", b"\xff", b"\xc3\xa9"])).map(
    b"".join
)


@settings(deadline=None, max_examples=40)
@given(CSVS)
def test_cells_are_those_that_csv_reads(content: bytes) -> None:
    """Every record of a CSV is found with the cells that Python's csv reads, each as its bytes stand there."""
    wanted = parse(content)
    assert [record.cells for record in records(content)] == wanted
    found = dict(find_cells(content, range(10**6)))
    assert {row: cells[:2] for row, cells in found.items()} == dict(find_cells(content, range(10**6), 2))
    assert [[cell.text for cell in found.get(row, [])] for row in range(1, len(wanted) + 1)] == wanted
    for cells in found.values():
        assert all(content[cell.start : cell.start + len(cell.source)] == cell.source for cell in cells)


@settings(deadline=None, max_examples=80)
@given(st.one_of(CSVS, BYTES))
@example(b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n")
def test_any_row_is_found_by_its_number(content: bytes) -> None:
    """The cells of a row that is asked for are those that stand there when all rows are gone through."""
    rows, wanted = Rows(content, plain=False), dict(find_cells(content, range(10**6), 2))
    count = sum(1 for _ in records(content))
    assert {row: cells for row in range(1, count + 3) if (cells := rows.cells(row, 2))} == wanted
    lines = [record for record in records(content) if record.ending]
    if b'"' not in content and {record.ending for record in lines} <= {b"\n", b"\r\n"}:
        plain = Rows(content, plain=True)
        assert [plain.cells(row, 2) for row in range(2, count + 3)] == [
            rows.cells(row, 2) for row in range(2, count + 3)
        ]


@settings(deadline=None, max_examples=80)
@given(st.one_of(CSVS, BYTES))
@example(b'a,"x\n')
@example(b'"a"b,c\n')
@example(b"\xef\xbb\xbf")
@example(b"\0\n")
def test_records_divide_the_bytes(content: bytes) -> None:
    """Records follow each other without a gap or an overlap, each ends in its line end, and no bytes make it raise."""
    position = 3 if content.startswith(b"\xef\xbb\xbf") else 0
    for number, record in enumerate(records(content), start=1):
        assert (record.row, record.start) == (number, position)
        position = record.end + len(record.ending)
        assert content[record.end : position] == record.ending
        assert record.ending in (b"\n", b"\r\n", b"\r", b"")
    for _, cells in find_cells(content, range(10**6)):
        assert all(content[cell.start : cell.start + len(cell.source)] == cell.source for cell in cells)


@settings(deadline=None)
@given(CSVS, st.data())
def test_only_the_cell_is_replaced(content: bytes, data: st.DataObject) -> None:
    """A cell that is replaced by any text reads so, every other cell reads as before, and no other byte changes."""
    table = parse(content)
    row = data.draw(st.sampled_from([row for row, cells in enumerate(table) if cells] or [0]))
    if not table or not table[row]:
        return
    column, text = data.draw(st.integers(0, len(table[row]) - 1)), data.draw(TEXT)
    ((_, cells),) = find_cells(content, {row + 1})
    edit = cells[column].replaced(text, alone=len(cells) == 1)
    mended, made = edited(content, [edit])
    assert made == 1
    table[row][column] = text
    assert parse(mended) == table
    assert mended[: edit.start] == content[: edit.start]
    assert mended[edit.start + len(edit.new) :] == content[edit.end :]
    assert edit.new.startswith(b'"') or not edit.old.startswith(b'"'), "a cell that was quoted stays quoted"


@pytest.mark.parametrize("content", [b'a,"x', b'a,"x"y\n', b'"a" ,b\n'])
def test_a_cell_that_is_not_plain_is_left(content: bytes) -> None:
    """A record with an open quote, or with text behind a closing one, has no cell that could be replaced."""
    assert list(find_cells(content, {1})) == []


def test_a_giant_cell_ends_the_records() -> None:
    """A cell above csv's limit of 128 KiB ends what can be read, without an error."""
    content = b"a,b\n1," + b"x" * 200_000 + b"\n2,3\n"
    assert [record.cells for record in records(content)] == [["a", "b"]]
    assert [row for row, _ in find_cells(content, {1, 3})] == [1]
