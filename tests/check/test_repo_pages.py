"""Nulls that are counted from the levels of pages are those that reading the column gives."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.check.repos import write_published
from tools.check.repo import pages
from tools.check.repo.pages import count_nulls

ANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
CELL = st.sampled_from([None, {"bytes": None, "path": "a"}, {"bytes": b"a", "path": "a"}, {"bytes": b"b" * 300}])


def counted(path: Path, leaf: str = "image.bytes") -> list[int | None]:
    """Return the nulls of a column by row group."""
    metadata = pq.read_metadata(path)
    (number,) = (n for n in range(metadata.num_columns) if metadata.schema.column(n).path == leaf)
    level = metadata.schema.column(number).max_definition_level
    with path.open("rb", buffering=0) as file:
        chunks = [metadata.row_group(group).column(number) for group in range(metadata.num_row_groups)]
        return [count_nulls(cast(BinaryIO, file), chunk, level) for chunk in chunks]


@ANY
@given(
    st.lists(CELL, min_size=1, max_size=60),
    st.sampled_from(["1.0", "2.0"]),
    st.booleans(),
    st.sampled_from([1, 3, 1000]),
    st.integers(1, 60),
)
@example([None] * 40 + [{"bytes": b"a", "path": "a"}] * 3, "1.0", True, 1000, 60)
def test_any_nulls(tmp_path: Path, cells: list[Any], version: str, dictionary: bool, batch: int, group: int) -> None:
    """In pages of both versions, with a dictionary and without, in any number, the nulls are those of the rows."""
    path = tmp_path / "a.parquet"
    options: dict[str, Any] = {"data_page_version": version, "use_dictionary": dictionary, "compression": "none"}
    options |= {"write_batch_size": batch, "data_page_size": 64, "row_group_size": group, "write_statistics": False}
    pq.write_table(pa.table({"image": pa.array(cells, PICTURE)}), path, **options)
    parts = [cells[start : start + group] for start in range(0, len(cells), group)]
    assert counted(path) == [sum(cell is None or cell.get("bytes") is None for cell in part) for part in parts]


def test_what_is_pushed(tmp_path: Path) -> None:
    """The shards of a push, whose footers do not count the nulls of texts and images, have their levels read."""
    write_published(tmp_path / "data", tmp_path / "repo", ("small_original", "emonet_big"))
    for file in (tmp_path / "repo").glob("*/*.parquet"):
        assert not pq.read_metadata(file).row_group(0).column(0).is_stats_set
        assert set(counted(file)) == {0}
    texts = pq.read_table(file)["prompt"]
    assert counted(file, "prompt") in ([texts.null_count], [None])  # texts are compressed


def test_compressed_pages(tmp_path: Path) -> None:
    """Where the levels of a page are compressed together with its values, nothing is said."""
    table = pa.table({"image": pa.array([None, {"bytes": b"a" * 99}], PICTURE)})
    pq.write_table(table, tmp_path / "a.parquet", compression="snappy", data_page_version="1.0")
    assert counted(tmp_path / "a.parquet") == [None]
    pq.write_table(table, tmp_path / "a.parquet", compression="snappy", data_page_version="2.0")
    assert counted(tmp_path / "a.parquet") == [1]


def test_a_long_header(tmp_path: Path) -> None:
    """The header of a page that carries statistics, and with them a picture, is read as well."""
    table = pa.table({"image": pa.array([{"bytes": b"a" * 4000}, None], PICTURE)})
    for version in ("1.0", "2.0"):
        pq.write_table(table, tmp_path / "a.parquet", compression="none", data_page_version=version)
        assert counted(tmp_path / "a.parquet") == [1]


@ANY
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6), st.randoms())
def test_any_damage(tmp_path: Path, changes: list[tuple[int, int]], random: Any) -> None:
    """However pages are damaged, the count ends, with a number or without one."""
    path = tmp_path / "a.parquet"
    cells = [None, {"bytes": b"a" * 20}, {"bytes": None}] * 5
    table = pa.table({"image": pa.array(cells, PICTURE)})
    version = random.choice(["1.0", "2.0"])
    pq.write_table(
        table, path, compression="none", write_statistics=False, data_page_size=32, data_page_version=version
    )
    content = bytearray(path.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little")
    for place, value in changes:
        content[4 + place % (len(content) - footer - 12)] = value
    path.write_bytes(content)
    assert all(count is None or isinstance(count, int) for count in counted(path))


def test_a_short_read_a_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a picture of a megabyte less than a kilobyte is read."""
    cells = [{"bytes": os.urandom(10**6), "path": "a"} for _ in range(5)]
    options: dict[str, Any] = {"compression": "none", "use_dictionary": False, "write_statistics": False}
    table = pa.table({"image": pa.array(cells, PICTURE)})
    pq.write_table(table, tmp_path / "a.parquet", write_batch_size=1, data_page_size=4096, **options)
    real, read = pages._read, []

    def noted(file: BinaryIO, length: int, position: int) -> bytes:
        read.append(length)
        return real(file, length, position)

    monkeypatch.setattr(pages, "_read", noted)
    assert counted(tmp_path / "a.parquet") == [0]
    assert 0 < sum(read) < 5 * 1000
