"""Sheets of any bytes: no sheet makes a check raise, and what the builder refuses is found."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from DiffusionFER import path_problem, read_index
from tests.check.material import check
from tests.trees import SHEET_COLUMNS, face_rows, write_faces, write_sheet
from tools.check.configs import check_config, check_configs
from tools.check.findings import Finding
from tools.check.report import Report, render_text
from tools.check.sheet.check import check_sheet, sheet_findings
from tools.check.sheet.columns import column_findings, meant_label
from tools.check.sheet.read import Sheet, parse_sheet
from tools.check.sheet.rows import safe_paths
from tools.check.sheet.schema import cast_cells
from tools.check.sheet.source import Origin, Source


def findings_of(content: bytes, name: str = "dataset_sheet.csv") -> list[Finding]:
    """Return all that is found in the bytes of a sheet without its files."""
    sheet, findings = parse_sheet(name, content)
    if sheet:
        findings = [*findings, *sheet_findings(sheet)]
    assert render_text(Report(findings))
    return findings


HEADER = b"path,emotion,valence,arousal,split,seed,face_box,sha256\n"


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)), st.sampled_from([b"", HEADER]))
@example(b"\xef\xbb\xbf", b"")
@example(b"\0", HEADER)
@example(b'"', HEADER)
@example(b"\r\r\n\n", b"")
@example(b"PAR1PAR1", b"")
def test_any_bytes_are_no_crash(content: bytes, header: bytes) -> None:
    """Bytes of any kind as a CSV or Parquet sheet yield findings and never raise."""
    findings_of(header + content)
    assert findings_of(content, "dataset_sheet.parquet")
    if not header:
        assert findings_of(content)


def parquet(table: pa.Table) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


WHOLE = parquet(
    pa.table(
        {
            "path": ["DifussionEmotion_S/angry/aaaaaaaa_6.png"],
            "split": ["train"],
            "emotion": ["angry"],
            "valence": [-0.5],
            "arousal": [0.25],
        }
    )
)


def test_parquet_sheet_of_plain_types_is_fine() -> None:
    """A Parquet sheet with numbers as numbers has no finding."""
    assert findings_of(WHOLE, "dataset_sheet.parquet") == []


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
@settings(deadline=None)
def test_damaged_parquet_is_no_crash(position: int, change: int) -> None:
    """A Parquet sheet with any changed byte, or cut there, never raises."""
    changed = bytearray(WHOLE)
    changed[position] ^= change
    findings_of(bytes(changed), "dataset_sheet.parquet")
    assert findings_of(WHOLE[:position], "dataset_sheet.parquet")


@pytest.mark.parametrize(
    "values",
    [
        pa.array([1, None, 3]), pa.array([True, False, None]), pa.array([b"\xff", b"a", None]),
        pa.array([[1.0], None, []]),
        pa.array([{"a": 1}, None, {"a": 2}]), pa.nulls(3), pa.array(["a", None, "angry"]).dictionary_encode(),
        pa.array(["a", None, "b"], pa.large_string()), pa.array([1.5, float("nan"), 1e300]),
        pa.array([0, 1, 2], pa.timestamp("ns")), pa.array([[1.0, 2, 3, 4]] * 3, pa.list_(pa.float32(), 4)),
    ],
    ids=lambda values: str(values.type),
)  # fmt: skip
def test_columns_of_any_type_are_no_crash(values: pa.Array) -> None:
    """A Parquet sheet whose columns have other types than one expects yields findings and never raises."""
    good: dict[str, Any] = {column: [row[column] for row in face_rows(3)] for column in SHEET_COLUMNS}
    for column in SHEET_COLUMNS:
        content = parquet(pa.table({**good, column: values}))
        findings_of(content, "dataset_sheet.parquet")
    assert findings_of(parquet(pa.table({**good, "path": values})), "dataset_sheet.parquet")


CELLS = st.one_of(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12),  # Python 3.10 writes no NUL into a CSV
    st.floats().map(str),
    st.integers(-(2**66), 2**66).map(str),
    st.sampled_from(["", "angry", "Anger", "0x10", "1e400", "1,5", " 1", "nan", "1 2 3 4", "1 2 nan 4", "\x01"]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from([column for column in SHEET_COLUMNS if "sha256" not in column]), CELLS)
@example("path", "DifussionEmotion_S/neutral/\ud7ff.png")
def test_what_the_builder_refuses_is_found(tmp_path: Path, column: str, cell: str) -> None:
    """A sheet in which one cell is replaced by any text has a finding, if the builder cannot read it."""
    rows = face_rows(3)
    rows[1][column] = cell
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    (tmp_path / "DifussionEmotion_S").mkdir(exist_ok=True)
    findings = [finding for finding in check_config("small_original", str(tmp_path)) if finding.rule != "IM004"]
    try:
        read_index("small_original", str(tmp_path))
    except ValueError:
        assert findings
    # The schema is stricter in that a number is finite.
    if cell.strip("+-") not in ("nan", "inf", "1e400") and any(finding.rule == "SH018" for finding in findings):
        with pytest.raises(ValueError, match="dataset_sheet"):
            read_index("small_original", str(tmp_path))


PIECES = st.sampled_from(
    ["/", "..", ".", "\\", "~", "C:", "\0", "\n", "DifussionEmotion_S", "angry", "aaaaaaaa_6.png", "é"]
)


@given(st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=4))
def test_safe_paths_are_those_of_the_builder(paths: list[str]) -> None:
    """What Arrow's expressions pass as safe is what `path_problem` passes, for any path."""
    table = pa.table({"path": pa.array(paths)})
    sheet = Sheet("s", table, Origin(Source.of_bytes("s", b""), len(paths), None))
    assert safe_paths(sheet).to_pylist() == [not path_problem(path) for path in paths]
    unsafe = [finding.row for finding in column_findings(sheet) if finding.rule == "SH009"]
    assert unsafe == [row for row, path in enumerate(paths, start=2) if path_problem(path)]


@given(st.lists(st.one_of(st.none(), st.sampled_from(["1", "x", "-2", "", "1.0"])), max_size=40))
def test_cast_cells_casts_what_can_be_cast(cells: list[str | None]) -> None:
    """Cells that are whole numbers are cast, all others become null and are named, in their order."""
    numbers, bad = cast_cells(pa.chunked_array([cells[:7], cells[7:]], pa.string()), pa.int64())
    good = {"1": 1, "-2": -2}
    assert numbers.to_pylist() == [good.get(cell or "") for cell in cells]
    assert bad == [index for index, cell in enumerate(cells) if cell is not None and cell not in good]


@pytest.mark.parametrize(
    ("given_label", "meant"),
    [("Anger", "angry"), ("happiness", "happy"), (" fear", "fear"), ("6", "angry"), ("0.0", "neutral"), ("SAD", "sad"),
     ("surprize", "surprise"), ("xyz", None), ("7", None), ("", None)],
)  # fmt: skip
def test_meant_label(given_label: str, meant: str | None) -> None:
    """The label that was meant is guessed from case, spaces, synonyms, indices and slips, and from nothing else."""
    assert meant_label(given_label) == meant


def test_rows_of_other_sizes_are_passed_over(tmp_path: Path) -> None:
    """A check of small does not speak of the rows of medium, but of those that name no folder of any size."""
    rows = write_faces(tmp_path, 3, 2)
    medium = [{**row, "emotion": "Anger"} for row in face_rows(2, "DifussionEmotion_M")]
    lost = {**rows[0], "path": "DifussionEmotion_XL/neutral/x.png"}
    write_sheet(tmp_path / "dataset_sheet.csv", [*medium, *rows, lost])
    found = [finding for finding in check(tmp_path) if finding.rule.startswith("SH")]
    assert [(finding.rule, finding.row) for finding in found] == [("SH010", 7)]
    both = check(tmp_path, "small_original", "medium_original")
    assert [finding.row for finding in both if finding.rule == "SH014"] == [2, 3]


def test_findings_are_not_repeated(tmp_path: Path) -> None:
    """What the sheet has wrong is said once, however many configs share it, and a config that is named twice is one."""
    rows = write_faces(tmp_path, 3, 2)
    rows[0]["valence"] = "x"
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    assert len(check_config("small_cropped", str(tmp_path))) == 1
    assert len(check(tmp_path, "small_original", "small_cropped", "small_cropped")) == 1


def test_row_numbers_are_those_of_a_spreadsheet(tmp_path: Path) -> None:
    """A cell of several lines is one row, and the header is row 1."""
    rows = write_faces(tmp_path, 3, 2)
    rows[0]["prompt"], rows[1]["seed"] = 'two\nlines, "quoted"', "x"
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    with (tmp_path / "dataset_sheet.csv").open(newline="") as file:
        assert list(csv.reader(file))[3 - 1][SHEET_COLUMNS.index("seed")] == "x"
    assert [finding.row for finding in check(tmp_path)] == [3]


def test_an_unknown_config_is_refused(tmp_path: Path) -> None:
    """A config that does not exist is an error of the caller, not a finding."""
    with pytest.raises(ValueError, match="unknown config small_croped: choose from small_original"):
        check_configs(["small_croped"], str(tmp_path))


def test_an_empty_data_directory(tmp_path: Path) -> None:
    """A data directory with nothing in it, or that is not there, says of each config what is missing."""
    for data_dir in (tmp_path, tmp_path / "nowhere"):
        found = [finding.rule for finding in check(data_dir, "small_original", "large_cropped", "emonet_hq")]
        assert found == ["IM001", "IM001", "SH001", "IM001"]


def test_blank_lines_count_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    """A finding below blank lines and a cell of several lines has the number that a spreadsheet shows."""
    rows = write_faces(tmp_path, 4, 2)
    rows[0]["prompt"] = "two\n\nlines"
    rows[3]["emotion"] = "joy"
    write_sheet(tmp_path / "dataset_sheet.csv", rows)
    lines = (tmp_path / "dataset_sheet.csv").read_bytes().split(b"\n")
    lines[5:5] = [b"", b""]  # after the row that takes three lines and the one below it
    (tmp_path / "dataset_sheet.csv").write_bytes(b"\r\n".join(lines))
    (finding,) = [found for found in check_configs(["small_original"], str(tmp_path)) if found.rule == "SH014"]
    assert finding.row == 7
    with pytest.raises(ValueError, match=r"dataset_sheet.csv row 7: emotion 'joy'"):
        read_index("small_original", str(tmp_path))


def test_a_folder_in_place_of_a_sheet_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that one stands in is given as '.', which is no name: the finding has that of the folder."""
    (tmp_path / "faces").mkdir()
    monkeypatch.chdir(tmp_path / "faces")
    for path, name in ((Path(), "faces"), (Path("/"), "/"), (tmp_path / "faces", "faces")):
        (finding,) = check_sheet(path)
        assert (finding.rule, finding.file) == ("SH003", name)
        assert finding.message == "the sheet is a folder, expected a file"
