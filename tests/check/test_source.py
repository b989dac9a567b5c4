"""Sheets are read in parts as they are read whole, rows are found again in the file, and no file makes reading fail."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from DiffusionFER import read_table
from tests.trees import SHEET_COLUMNS, face_rows, write_sheet
from tools.check.findings import Finding, Rule
from tools.check.sheet import source
from tools.check.sheet.check import check_sheet, sheet_findings
from tools.check.sheet.columns import column_findings
from tools.check.sheet.read import Sheet, parse_sheet, read_sheet_file
from tools.check.sheet.source import Marks, Source, in_turn, read_rows

PIECES = ["a", ",", ",", "\n", "\n", "\r\n", "\r", '"', '""', '"x\ny"', "\n\n", "é", "\0", "a,b\n", "\ufeff", " "]
HEADS = ["a,b\n", "a\n", '"a\nb",c\n', "a,a\n", "", "\ufeffa,b\n", "a,b\r\n"]


def outcome(read: Any) -> Any:
    """Return a table as plain columns, or the error that it is."""
    try:
        table = read()
    except ValueError as error:
        return str(error)
    return [(name, table.column(index).to_pylist()) for index, name in enumerate(table.column_names)]


@given(st.sampled_from(HEADS), st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.integers(4, 40))
@settings(deadline=None, max_examples=300)
@example("a,b\n", 'x,"1\n2\n3\n4\n5\n6\n7\n8"\n', 8)  # a cut within a cell
@example("a,b\n", 'x,5" tall\ny,"1\n2\n3\n4"\n', 8)
@example("a,b\n", "\n" * 20 + "x,y\n", 8)
@example("a,b\n", "x,y\n\ufeffz,w\n" * 4, 8)
@example("a,b\n", 'x,"y\n' * 9, 8)
def test_parts_are_the_whole(head: str, body: str, part: int) -> None:
    """A CSV that is read in parts of any size gives the table, or the error, that the builder's reader gives."""
    content = (head + body).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "PART", part)
        given_source = Source.of_bytes("s.csv", content)
        marks = []

        def in_parts() -> pa.Table:
            parts, mark = read_rows(given_source, ["b"], lambda table: table)
            marks.append(mark)
            return pa.concat_tables(parts).unify_dictionaries()

        assert outcome(in_parts) == outcome(lambda: read_table("s.csv", content))
    for mark in marks:
        assert mark == Marks(given_source, content.count(b"\r"), content.count(b"\r\n"), content.count(b"\0"))
        assert mark.newlines == content.count(b"\n")
        assert mark.first == content[:4]


def test_a_formula_in_a_later_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula in a column that is not read is found on its row, in whichever part it stands."""
    monkeypatch.setattr(source, "PART", 100)
    lines = ["path,notes", *(f"x{number},-1" for number in range(90)), "x,=1+1", *["x,plain"] * 9]
    (tmp_path / "s.csv").write_text("\n".join(lines) + "\n")
    found = [finding for finding in check_sheet(tmp_path / "s.csv") if finding.rule == "SH040"]
    assert [(finding.row, finding.line, finding.column) for finding in found] == [(92, 92, "notes")]


def test_a_large_sheet_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good rows in parts are read in parts, and text that repeats is a dictionary."""
    monkeypatch.setattr(source, "PART", 2_000)
    write_sheet(tmp_path / "dataset_sheet.csv", face_rows(100))
    given_source = Source.of_file("dataset_sheet.csv", tmp_path / "dataset_sheet.csv")
    parts, marks = read_rows(given_source, ["emotion"], lambda table: table)
    assert len(parts) > 5
    assert all(pa.types.is_dictionary(part["emotion"].type) for part in parts)
    assert marks
    assert marks.plain(100)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 99),
            st.sampled_from(["path", "emotion", "seed", "prompt", "sha256", "face_box", "split", "style", "notes"]),
            st.sampled_from(
                ["", "x", " y", "-1", "DifussionEmotion_S/angry/aaaaaaaa_6.png", "0 0 -1 1", "fear", "é", "=1+1"]
            ),
        ),
        max_size=4,
    ),
    st.integers(1_000, 9_000),
)
@settings(deadline=None, max_examples=50)
def test_parts_are_checked_as_the_whole(changes: list[tuple[int, str, str]], part: int) -> None:
    """A sheet that is checked as it is read has the findings, with their rows, of one that is read first."""
    rows = face_rows(100)
    for row, column, text in changes:
        rows[row] = {**rows[row], column: text}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "s.csv")
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*SHEET_COLUMNS, "notes"], restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        sheet, findings = read_sheet_file(path.name, path)
        assert sheet
        whole = [*findings, *sheet_findings(sheet)]
        patch.setattr(source, "PART", part)
        assert sorted(map(str, check_sheet(path))) == sorted(map(str, whole))


def sheet_of(content: bytes, name: str = "dataset_sheet.csv") -> Sheet:
    """Return the sheet in bytes that are one."""
    sheet, _ = parse_sheet(name, content)
    assert sheet
    return sheet


def test_row_and_line_differ_where_cells_hold_line_breaks() -> None:
    """A row is counted as a spreadsheet does, a line as an editor does; rows that were chosen keep theirs."""
    head = b"path,emotion,valence,arousal,prompt\n"
    sheet = sheet_of(head + b'a,angry,0,0,"x\ny\r\nz"\n\n\nb,angry,0,0,w\nc,angry,0,0,w\n')
    places = [(sheet.row(index), sheet.origin.line(index)) for index in range(3)]
    assert places == [(2, 2), (5, 7), (6, 8)]
    chosen = sheet.where(pa.array([False, False, True]))
    assert chosen.row(0) == 6
    finding = next(found for found in check_rows(chosen) if found.column == "path")
    assert (finding.row, finding.line, finding.value) == (6, 8, "c")


def check_rows(sheet: Sheet) -> list[Any]:
    """Return the findings for cells."""
    return list(column_findings(sheet))


def test_places_survive_what_cannot_be_counted(tmp_path: Path) -> None:
    """A cell that Python's csv refuses, or a file that is gone, leaves rows the numbers that they have in the table."""
    long = b"x" * 200_000
    sheet = sheet_of(b"path,emotion,valence,arousal\n\na,angry,0,0\n" + long + b",b,0,0\n")
    assert [(sheet.row(index), sheet.origin.line(index)) for index in range(2)] == [(2, 2), (3, 3)]
    file = tmp_path / "s.csv"
    file.write_bytes(b"path,emotion,valence,arousal\na,angry,0,0\n")
    found, _ = read_sheet_file("s.csv", file)
    file.unlink()
    assert found
    assert found.row(0) == 2


def test_a_sheet_that_goes_while_it_is_checked(tmp_path: Path) -> None:
    """A file that is gone when a finding needs its bytes is a finding."""
    file = tmp_path / "s.csv"
    file.write_bytes(b"path,emotion,valence,arousal\nDifussionEmotion_S/angry/aaaaaaaa_6.png,Angry,0,0\n")
    sheet, _ = read_sheet_file("s.csv", file)
    file.unlink()
    assert sheet
    said = [finding.message for finding in sheet_findings(sheet)]
    assert "the sheet went while it was checked: No such file or directory" in said


def test_rows_of_a_parquet_sheet_have_no_line() -> None:
    """In a Parquet file there are rows, but no lines."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"path": ["x"], "emotion": ["joy"], "valence": [0.0], "arousal": [0.0]}), sink)
    assert {(found.row, found.line) for found in check_rows(sheet_of(sink.getvalue(), "s.parquet"))} == {(2, None)}


# --- bad files ------------------------------------------------------------------------------------------------------


def messages(path: Path) -> list[str]:
    """Return what is said of a sheet that cannot be read."""
    return [f"{found.rule} {found.message}" for found in check_sheet(path) if found.severity == "error"]


def test_files_that_are_none(tmp_path: Path) -> None:
    """A folder, a pipe, a link in a circle, a name that is gone or none at all are findings; nothing waits."""
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    for path in (tmp_path, tmp_path / "pipe.csv", tmp_path / "loop.csv", tmp_path / "gone.csv", tmp_path / "a\0.csv"):
        (message,) = messages(path)
        assert message.startswith("SH003 the sheet ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights(tmp_path: Path) -> None:
    """A file that may not be read is a finding."""
    (tmp_path / "s.csv").touch(mode=0)
    assert messages(tmp_path / "s.csv") == ["SH003 the sheet cannot be opened: Permission denied"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the sheet is empty: 0 bytes"),
        ("path,emotion\nx,y\n".encode("utf-16"), "the sheet is UTF-16, expected UTF-8"),
        ("path,emotion\nx,y\n".encode("utf-16-le"), "the sheet is UTF-16, expected UTF-8"),
        (b"path,emotion\nx," + b"y" * 10**8 + b"\n", "line 2 of the sheet has 100,000,002 bytes, more than a reader"
         " takes at once"),
        (b"path,emotion\nx," + b"\xff\n", "the sheet is not UTF-8: byte 15 in line 2, got b'emotion\\nx,\\xff\\n'"),
    ],
    ids=["empty", "UTF-16", "UTF-16 without a mark", "a line of 100 MB", "Latin-1"],
)  # fmt: skip
def test_bytes_that_are_no_sheet(tmp_path: Path, content: bytes, message: str) -> None:
    """What kept a sheet from being read is said, with the place."""
    (tmp_path / "s.csv").write_bytes(content)
    assert f"SH003 {message}" in messages(tmp_path / "s.csv")


def test_a_parquet_bomb(tmp_path: Path) -> None:
    """A Parquet file whose footer claims more than a table may have is refused before it is read."""
    rows = 400_000_000
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, pa.schema([("path", pa.null())])) as writer:
        for _ in range(4):
            writer.write_table(pa.table({"path": pa.nulls(rows // 4)}), row_group_size=rows // 4)
    (tmp_path / "s.parquet").write_bytes(sink.getvalue())
    (message,) = messages(tmp_path / "s.parquet")
    claim = f"its {len(sink.getvalue()):,} bytes expand to 3,200,000,000; more than 2,147,483,648 are not read"
    assert message == f"SH003 the sheet is too large: {claim}"


def test_a_parquet_bomb_of_one_value(tmp_path: Path) -> None:
    """A long text that a Parquet file holds once, for a thousand rows, counts a thousand times."""
    prompts = pa.array([b"x" * 4_000_000]).cast(pa.string()).dictionary_encode().dictionary
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000, pa.int32()), prompts)
    pq.write_table(pa.table({"prompt": column}), tmp_path / "s.parquet")
    (message,) = messages(tmp_path / "s.parquet")
    assert message.endswith(" bytes expand to 4,000,000,000; more than 2,147,483,648 are not read")


def test_a_sheet_above_the_limit(tmp_path: Path) -> None:
    """A file larger than a table may be is refused unread, even if it holds nothing."""
    with (tmp_path / "s.csv").open("wb") as file:
        file.truncate(source.MAX_BYTES + 1)
    (message,) = messages(tmp_path / "s.csv")
    assert message == "SH003 the sheet is too large: it has 2,147,483,649 bytes; more than 2,147,483,648 are not read"


def test_streams_come_in_turn_and_no_faster_than_asked() -> None:
    """Each stream is asked for its first item at once and for another only when the one before it was taken."""
    asked: list[str] = []

    def stream(name: str, items: int) -> Iterator[str]:
        for item in range(items):
            asked.append(f"{name}{item}")
            yield f"{name}{item}"

    items = in_turn(stream("a", 3), stream("b", 0), stream("c", 2))
    assert next(items) == "a0"
    assert sorted(asked) == ["a0", "c0"]
    assert next(items) == "a1"
    assert sorted(asked) == ["a0", "a1", "c0"]
    assert list(items) == ["a2", "c0", "c1"]


def test_findings_come_as_they_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first finding of a sheet full of them is there before the others are made, edits and all."""
    made: list[int] = []
    found = Sheet.found

    def count(self: Sheet, rule: Rule, index: int, *said: Any, **more: Any) -> Finding:
        made.append(index)
        return found(self, rule, index, *said, **more)

    monkeypatch.setattr(Sheet, "found", count)
    path = tmp_path / "dataset_sheet.csv"
    row = "DifussionEmotion_S/happy/aaaaaaaa_1.png,Happy,-2,7"
    path.write_text("path,emotion,valence,arousal\n" + f"{row}\n" * 500)
    findings = check_sheet(path)
    first = next(finding for finding in findings if finding.edit)
    assert (first.rule, first.row, len(made)) == ("SH014", 2, 2)  # one more told that the rows are to be looked at
    assert len(list(findings)) + 2 == len(made) > 1500
