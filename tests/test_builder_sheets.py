"""The sheets that maintainers keep: CSV and Parquet, typed and as text, sparse, of several sizes, from spreadsheets."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from DiffusionFER import DiffusionFER, read_index, read_table, row_numbers
from tests.builder_runs import expected_faces, float32, stream, summary
from tests.trees import SHEET_COLUMNS, write_faces, write_sheet


@pytest.fixture
def faces(tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Write a small data directory; return it and the rows of its sheet."""
    data_dir = tmp_path / "raw"
    data_dir.mkdir()
    return data_dir, write_faces(data_dir, 20, 8)


def as_text(data_dir: Path) -> pa.Table:
    """Read the CSV sheet, every column as text."""
    return read_table("dataset_sheet.csv", (data_dir / "dataset_sheet.csv").read_bytes())


def typed(data_dir: Path) -> pa.Table:
    """Give the sheet the types of its columns, boxes as lists."""
    table = as_text(data_dir)
    for name in ("valence", "arousal", "cfg_scale", "clip_score", "seed", "steps"):
        kind = pa.int64() if name in ("seed", "steps") else pa.float64()
        table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
    boxes = [box and [float(number) for number in box.split()] for box in table["face_box"].to_pylist()]
    return table.set_column(table.column_names.index("face_box"), "face_box", pa.array(boxes, pa.list_(pa.float64())))


def recast(kind: pa.DataType) -> Callable[[Path], pa.Table]:
    """Return a maker of a typed sheet whose text has another Arrow type."""

    def make(data_dir: Path) -> pa.Table:
        table = typed(data_dir)
        fields = [field.with_type(kind) if field.type == pa.string() else field for field in table.schema]
        return table.cast(pa.schema(fields))

    return make


def by_pandas(data_dir: Path) -> pa.Table:
    """Let pandas read the sheet and make categories of its text."""
    import pandas as pd

    frame = pd.read_csv(data_dir / "dataset_sheet.csv")
    for name in ("path", "emotion", "split", "race"):
        frame[name] = frame[name].astype("category")
    return pa.Table.from_pandas(frame)


def by_polars(data_dir: Path) -> pa.Table:
    """Let polars read the sheet and write Parquet."""
    polars = pytest.importorskip("polars")
    buffer = io.BytesIO()
    polars.read_csv(data_dir / "dataset_sheet.csv").write_parquet(buffer)
    return pq.read_table(pa.BufferReader(buffer.getvalue()))


MAKERS = {
    "text": as_text,
    "typed": typed,
    "large_string": recast(pa.large_string()),
    "string_view": recast(pa.string_view()),
    "dictionary": recast(pa.dictionary(pa.int8(), pa.string())),
    "pandas": by_pandas,
    "polars": by_polars,
}


@pytest.mark.parametrize("maker", MAKERS.values(), ids=MAKERS)
def test_a_parquet_sheet_gives_what_the_csv_gives(faces: Any, maker: Callable[[Path], pa.Table]) -> None:
    """A Parquet sheet, typed or all text, of whatever kind of text, gives the rows that the CSV sheet gives."""
    data_dir, rows = faces
    wanted = expected_faces(data_dir, rows, "small_original")
    table = maker(data_dir)
    (data_dir / "dataset_sheet.csv").unlink()
    pq.write_table(table, data_dir / "dataset_sheet.parquet", row_group_size=7)
    assert summary(stream("small_original", data_dir)) == wanted


def test_optional_columns_may_be_absent(faces: Any) -> None:
    """A sheet of path, emotion, valence and arousal loads: one split, train, and null in every other column."""
    data_dir, rows = faces
    bare = as_text(data_dir).select(["arousal", "path", "valence", "emotion"])
    pacsv.write_csv(bare, data_dir / "dataset_sheet.csv")
    loaded = stream("small_original", data_dir)
    assert list(loaded) == ["train"]
    assert [row["image_id"] for row in loaded["train"]] == [Path(row["path"]).stem for row in rows]
    given = {"image", "image_id", "emotion", "valence", "arousal", "sha256"}
    assert all((row[name] is None) == (name not in given) for row in loaded["train"] for name in row)


def test_other_columns_and_other_rows_of_the_sheet_are_passed_over(faces: Any) -> None:
    """Columns that the dataset does not publish and rows of other sizes change nothing."""
    data_dir, rows = faces
    wanted = expected_faces(data_dir, rows, "small_original")
    other = {**rows[0], "path": rows[0]["path"].replace("_S/", "_M/")}
    odd = {**rows[0], "path": "DifussionEmotion_Sx/neutral/aaaaaaaa_0.png", "emotion": "none"}
    write_sheet(data_dir / "dataset_sheet.csv", [other, *rows[:10], odd, *rows[10:], other])
    with_note = as_text(data_dir).append_column("a note", pa.array(["x"] * 23))
    pacsv.write_csv(with_note, data_dir / "dataset_sheet.csv")
    assert summary(stream("small_original", data_dir)) == wanted


def test_a_sheet_of_medium_rows_only(faces: Any) -> None:
    """A sheet with medium rows only loads medium, and says of small that no row is meant for it."""
    data_dir, rows = faces
    for row in rows:
        row["path"] = row["path"].replace("_S/", "_M/")
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    (data_dir / "DifussionEmotion_S").rename(data_dir / "DifussionEmotion_M")
    assert [row["seed"] for split in stream("medium_original", data_dir).values() for row in split].count(3) == 1
    with pytest.raises(ValueError, match="path begins") as caught:
        stream("small_cropped", data_dir)
    assert str(caught.value) == (
        f"{data_dir}/dataset_sheet.csv has no row for config small_cropped: "
        "no path begins with DifussionEmotion_S/ or DiffusionEmotion_S/"
    )


def test_a_split_without_rows_is_no_split(faces: Any) -> None:
    """Splits that no row names are left out, and the others keep their usual order."""
    data_dir, rows = faces
    for row in rows:
        row["split"] = {"train": "test", "test": "train"}.get(row["split"], "train")
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    assert {name: len(split) for name, split in stream("small_original", data_dir).items()} == {"train": 4, "test": 16}


def test_a_bom_and_windows_line_ends_are_read(faces: Any) -> None:
    """A sheet that a spreadsheet saved, with a byte order mark and CRLF, gives the same rows."""
    data_dir, rows = faces
    wanted = expected_faces(data_dir, rows, "small_original")
    sheet = data_dir / "dataset_sheet.csv"
    sheet.write_bytes(b"\xef\xbb\xbf" + sheet.read_bytes().replace(b"\n", b"\r\n"))
    assert summary(stream("small_original", data_dir)) == wanted


def test_text_keeps_its_form(faces: Any) -> None:
    """Quotes, commas, line breaks, leading zeros, the words NA and null, and other scripts come through as written."""
    data_dir, rows = faces
    texts = ['say "cheese", please', "two\nlines", "007", "NA", "null", "微笑 ölbild", " spaced "]
    for row, text in zip(rows, texts, strict=False):
        row["prompt"] = text
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    assert read_index("small_original", str(data_dir)).table["prompt"].to_pylist()[: len(texts)] == texts


def test_numbers_are_rounded_to_their_type_once(faces: Any) -> None:
    """A valence of many digits comes as the float32 that is nearest to what the sheet says."""
    data_dir, rows = faces
    rows[0]["valence"] = "0.123456789012345"
    write_sheet(data_dir / "dataset_sheet.csv", rows)
    assert stream("small_original", data_dir)["train"][0]["valence"] == float32("0.123456789012345")


def test_the_sheet_has_the_columns_that_the_tests_write() -> None:
    """Every column of the face configs but the derived ones can stand in the sheet under its own name."""
    derived = {"image", "image_id"}
    published = set(DiffusionFER(config_name="small_original").info.features)
    assert published - derived <= set(SHEET_COLUMNS)


def test_a_giant_cell_after_a_blank_line_is_read() -> None:
    """A cell longer than Python's csv takes costs the exact row numbers of a sheet with blank lines, and no more."""
    content = b"path,prompt\n\na," + b"x" * 200_000 + b"\n"
    table = read_table("s.csv", content)
    assert table["prompt"].to_pylist() == ["x" * 200_000]
    assert list(row_numbers("s.csv", content, table.num_rows)) == [2]
    assert list(row_numbers("s.csv", b"path,prompt\n\na,x\n", 1)) == [3]
