"""Tables of strangers: three forms that say the same, and what is said of each that is broken."""

from __future__ import annotations

import hashlib
import json
import os
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tools.use.evaluate import tables
from tools.use.evaluate.tables import read_given


def written(folder: Path, name: str, content: bytes | str | pa.Table) -> Path:
    """Write a file and return its path."""
    path = folder / name
    if isinstance(content, pa.Table):
        pq.write_table(content, path)
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, column: str | None = None, low: float = -np.inf, high: float = np.inf) -> str:
    """Return what is said of a file, or of a column of numbers in it ("=NAME" for texts)."""
    with pytest.raises((ValueError, OSError)) as caught:
        _read(path, column, low, high)
    return str(caught.value)


def _read(path: Path, column: str | None, low: float, high: float) -> None:
    given = read_given(path)
    if column and column.startswith("="):
        given.texts(column[1:])
    elif column:
        given.numbers(column, low, high)


FORMS = {
    "p.csv": "image_id,v\n00001,0.5\n00002,-1e-3\n",
    "bom.csv": "\ufeffimage_id,v\r\n00001,0.5\r\n00002,-1e-3\r\n",
    "quoted.CSV": '"image_id","v"\n"00001"," 0.5"\n"00002","-.001"\n',
    "p.jsonl": '{"image_id": "00001", "v": 0.5}\n{"image_id": "00002", "v": -1e-3}\n',
    "bom.ndjson": '\ufeff{"image_id": "00001", "v": 0.5}\r\n\r\n{"v": -1e-3, "image_id": "00002"}\r\n',
    "p.parquet": pa.table({"image_id": ["00001", "00002"], "v": [0.5, -1e-3]}),
    "decimal.parquet": pa.table(
        {
            "image_id": pa.array(["00001", "00002"], pa.string_view()),
            "v": pa.array([Decimal("0.500"), Decimal("-0.001")]),
        }
    ),
    "coded.parquet": pa.table({"image_id": pa.array(["00001", "00002"]).dictionary_encode(), "v": [0.5, -1e-3]}),
}


@pytest.mark.parametrize("name", FORMS)
def test_three_forms_say_the_same(tmp_path: Path, name: str) -> None:
    """With a byte order mark, carriage returns, quotes, another order of keys, coded text: all the same."""
    path = written(tmp_path, name, FORMS[name])
    given = read_given(path)
    assert given.texts("image_id").to_pylist() == ["00001", "00002"]
    assert given.numbers("v").tolist() == [0.5, -0.001]
    assert (given.name, given.rows) == (name, 2)
    assert given.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_id_that_looks_like_a_date_stays_text(tmp_path: Path) -> None:
    """JSON has no dates, whatever a reader makes of them."""
    path = written(tmp_path, "p.jsonl", '{"image_id": "2026-01-01", "v": 1}\n')
    assert read_given(path).texts("image_id").to_pylist() == ["2026-01-01"]


def test_whole_numbers_are_numbers(tmp_path: Path) -> None:
    """Integers of JSON and Parquet, and of single precision, are read as they are."""
    path = written(tmp_path, "p.jsonl", '{"image_id": "a", "v": 1}\n{"image_id": "b", "v": 2}\n')
    assert read_given(path).numbers("v").tolist() == [1, 2]
    table = pa.table({"v": pa.array([1, 2], pa.int8()), "w": pa.array([0.5, 0.25], pa.float32())})
    given = read_given(written(tmp_path, "p.parquet", table))
    assert (given.numbers("v").tolist(), given.numbers("w").tolist()) == ([1, 2], [0.5, 0.25])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("p.txt", "x", "p.txt is no table that is known: its name ends with none of .csv, .jsonl, .ndjson, .parquet"),
        ("p.csv", "", "p.csv is empty"),
        ("p.csv", "image_id,v\n", "p.csv has no row"),
        ("p.csv", "image_id,v\na\n", "p.csv cannot be read as CSV (CSV parse error: Expected 2 columns, got 1: a)"),
        ("p.csv", "image_id,v\na,1,2\n", "p.csv cannot be read as CSV (CSV parse error: Expected 2 columns, got 3"),
        ("p.csv", "image_id,v,v\na,1,2\n", "p.csv has more than one column 'v'"),
        ("p.csv", b"image_id,v\n\xff\xfe,1\n", "p.csv cannot be read as CSV ("),
        ("p.csv", b"image_id,\xff\na,1\n", "p.csv cannot be read as CSV (it is not UTF-8)"),
        ("p.csv", b"\x89PNG\r\n\x1a\n" + bytes(100), "p.csv cannot be read as CSV (it is not UTF-8)"),
        ("p.jsonl", "\n\n", "p.jsonl has no row"),
        ("p.jsonl", "[1]\n", "p.jsonl cannot be read as JSON lines (a line is not an object {...})"),
        ("p.jsonl", '{"image_id": "a"}\n[1]\n', "p.jsonl cannot be read as JSON lines (JSON parse error:"),
        ("p.jsonl", "image_id,v\na,1\n", "p.jsonl cannot be read as JSON lines (Expecting value"),
        ("p.jsonl", '{"image_id": "a", "v": 1}\n{"image_id": "b", "v": "x"}\n',
         "p.jsonl cannot be read as JSON lines (JSON parse error: Column(/v) changed from number to string in row 1)"),
        ("p.jsonl", '{"image_id": 7}\n',
         "p.jsonl cannot be read as JSON lines (JSON parse error: Column(/image_id) changed from string to number"),
        ("p.jsonl", '{"v": 1, "v": 2}\n', "p.jsonl cannot be read as JSON lines (JSON parse error: Column(/v) was"),
        ("p.jsonl", "[" * 100_000, "p.jsonl cannot be read as JSON lines ("),
        ("p.jsonl", b'{"image_id": "\xff"}\n', "p.jsonl cannot be read as JSON lines (it is not UTF-8)"),
        ("p.parquet", "PAR1 no", "p.parquet cannot be read as Parquet ("),
        ("p.parquet", pa.table({"image_id": pa.array([], pa.string())}), "p.parquet has no row"),
    ],
)  # fmt: skip
def test_files_that_are_no_tables(tmp_path: Path, name: str, content: bytes | str | pa.Table, said: str) -> None:
    """One line that names the file, and no path of the machine."""
    found = refused(written(tmp_path, name, content))
    assert found.startswith(said)
    assert str(tmp_path) not in found
    assert "\n" not in found


def test_what_is_no_file(tmp_path: Path) -> None:
    """A file that is not there, a folder and a pipe."""
    assert refused(tmp_path / "p.csv") == "p.csv is not there"
    (tmp_path / "d.csv").mkdir()
    assert refused(tmp_path / "d.csv") == "d.csv is not a regular file"
    os.mkfifo(tmp_path / "f.csv")
    assert refused(tmp_path / "f.csv") == "f.csv is not a regular file"


def test_a_cell_larger_than_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A quote that never ends, or a row larger than a block, is refused and not read for ever."""
    monkeypatch.setattr(tables, "BLOCK_BYTES", 2**16)
    path = written(tmp_path, "p.csv", "image_id,v\n" + '"' + "x" * 2**18 + "\n")
    assert "p.csv cannot be read as CSV (" in refused(path)
    path = written(tmp_path, "p.jsonl", json.dumps({"image_id": "x" * 2**18}) + "\n")
    assert "p.jsonl cannot be read as JSON lines (" in refused(path)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["nan", "1"], "v is no finite number in 1 row (row 1: 'nan')"),
        (["1", "", "inf", "-inf", "x"], "v is no finite number in 4 rows "
         "(row 2: empty, row 3: 'inf', row 4: '-inf', ...)"),
        (["1e999"], "v is no finite number in 1 row (row 1: '1e999')"),
        (["0,5"], "v is no finite number in 1 row (row 1: '0,5')"),
        (["0x10", "1_000"], "v is no finite number in 2 rows (row 1: '0x10', row 2: '1_000')"),
        (["=1+1"], "v is no finite number in 1 row (row 1: '=1+1')"),
        (["1", "1.01", "-2"], "v is not from -1 to 1 (clip it yourself, if that is meant) in 2 rows "
                              "(row 2: '1.01', row 3: '-2')"),
    ],
)  # fmt: skip
def test_numbers_of_a_csv_that_are_none(tmp_path: Path, cells: list[str], said: str) -> None:
    """How many there are, and the first three with their rows."""
    path = written(tmp_path, "p.csv", "v\n" + "".join(f'"{cell}"\n' for cell in cells))
    assert refused(path, "v", -1, 1) == f"p.csv: {said}"


def test_numbers_that_are_none_elsewhere(tmp_path: Path) -> None:
    """Nulls, NaN, text and truth values of JSON and Parquet."""
    path = written(tmp_path, "p.jsonl", '{"v": 1}\n{"v": null}\n{"v": NaN}\n')
    assert refused(path, "v") == "p.jsonl: v is no finite number in 2 rows (row 2: empty, row 3: 'nan')"
    path = written(tmp_path, "p.jsonl", '{"v": "1"}\n')
    assert refused(path, "v") == "p.jsonl: v holds text, not numbers"
    path = written(tmp_path, "p.jsonl", '{"v": true}\n')
    assert refused(path, "v") == "p.jsonl: v holds values of type bool, not numbers"
    path = written(tmp_path, "p.parquet", pa.table({"v": [1.0, None, np.inf]}))
    assert refused(path, "v") == "p.parquet: v is no finite number in 2 rows (row 2: empty, row 3: 'inf')"
    path = written(tmp_path, "p.parquet", pa.table({"v": [[1.0], [2.0]]}))
    assert refused(path, "v").startswith("p.parquet: v holds values of type list<")


def test_texts_that_are_none(tmp_path: Path) -> None:
    """Numbers lose the zeros that ids begin with; an empty cell is no id."""
    path = written(tmp_path, "p.parquet", pa.table({"image_id": [1, 2]}))
    assert refused(path, "=image_id") == (
        "p.parquet: image_id holds values of type int64, not text: numbers would lose the zeros that they begin with"
    )
    path = written(tmp_path, "p.parquet", pa.table({"image_id": [b"a"]}))
    assert refused(path, "=image_id") == "p.parquet: image_id holds values of type binary, not text"
    path = written(tmp_path, "p.csv", "image_id,v\na,1\n,2\n ,3\n")
    assert refused(path, "=image_id") == "p.csv: image_id is empty in 2 rows (row 2, row 3)"
