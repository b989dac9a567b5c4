"""How shards lie in their files: an image can be fetched alone, and what was inserted moves nothing else."""

from __future__ import annotations

import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets.config import DEFAULT_CDC_OPTIONS
from fastparquet.cencoding import from_buffer

from DiffusionFER import Index
from tests.publish.test_shards import CONFIG, EMONET, build, build_index, index_of
from tests.trees import write_emonet, write_faces
from tools.publish import shard_plan, shard_write

SMALL, LARGE = 3000, 5000  # below and above PAGE_BYTES


def pages(file: Path, column: str = "image.bytes") -> list[tuple[int, int, int, int]]:
    """Return the pages of a column by the page index: offset in the file, size, first row, number of rows."""
    found, start = [], 0
    content = file.read_bytes()
    for group in fastparquet.ParquetFile(str(file)).row_groups:
        (chunk,) = (c for c in group.columns if ".".join(map(_text, c.meta_data.path_in_schema)) == column)
        position = chunk.offset_index_offset
        index = from_buffer(content[position : position + chunk.offset_index_length], "OffsetIndex")
        firsts = [page.first_row_index for page in index.page_locations] + [group.num_rows]
        for page, first, last in zip(index.page_locations, firsts, firsts[1:], strict=False):
            found.append((page.offset, page.compressed_page_size, start + first, last - first))
        start += group.num_rows
    return found


def _text(part: str | bytes) -> str:
    return part.decode() if isinstance(part, bytes) else part


@contextmanager
def served(file: Path) -> Iterator[str]:
    """Serve a file over HTTP, in ranges only."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            first, last = map(int, re.findall(r"\d+", self.headers["Range"]))
            with file.open("rb") as source:
                source.seek(first)
                content = source.read(last + 1 - first)
            self.send_response(206)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/{file.name}"
        finally:
            server.shutdown()
            thread.join()


def test_compression(tmp_path: Path) -> None:
    """Images, which are compressed already, must lie in the file as they are; everything else must be compressed."""
    write_faces(tmp_path, 10)
    write_emonet(tmp_path)
    for config in (CONFIG, *EMONET):
        for shard in build(tmp_path, tmp_path / "out", config)[0]:
            group = pq.read_metadata(shard.file).row_group(0)
            for column in map(group.column, range(group.num_columns)):
                is_image = column.path_in_schema.startswith("image.")
                assert column.compression == ("UNCOMPRESSED" if is_image else "ZSTD"), column.path_in_schema
            content = shard.file.read_bytes()
            assert all(row["bytes"] in content for row in pq.read_table(shard.file)["image"].to_pylist())


def test_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row group must have at most 100 MB, as the viewer and datasets want it, and be filled up to its bound."""
    assert shard_plan.ROW_GROUP_BYTES <= 100 * 10**6
    monkeypatch.setattr(shard_plan, "ROW_GROUP_BYTES", 60_000)
    (shard,), _ = build_index(index_of(tmp_path, [10_000] * 23), tmp_path / "out")
    metadata = pq.read_metadata(shard.file)
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [4, 4, 4, 4, 4, 3]
    assert all(group.total_byte_size <= 60_000 for group in groups)


def test_image_larger_than_a_row_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image above the bound of a row group must get one of its own."""
    monkeypatch.setattr(shard_plan, "ROW_GROUP_BYTES", 20_000)
    (shard,), _ = build_index(index_of(tmp_path, [1000, 50_000, 1000, 1000]), tmp_path / "out")
    metadata = pq.read_metadata(shard.file)
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [1, 1, 2]


def test_page_index(tmp_path: Path) -> None:
    """Every column must have a page index, and every column of numbers statistics."""
    write_faces(tmp_path, 10)
    write_emonet(tmp_path)
    for config in (CONFIG, *EMONET):
        for shard in build(tmp_path, tmp_path / "out", config)[0]:
            group = pq.read_metadata(shard.file).row_group(0)
            for column in map(group.column, range(group.num_columns)):
                assert column.has_offset_index, column.path_in_schema
                assert column.is_stats_set != (column.physical_type == "BYTE_ARRAY"), column.path_in_schema


def test_one_page_an_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each image above 4 KiB must have a data page of its own, in every row group, with next to nothing around it."""
    monkeypatch.setattr(shard_plan, "ROW_GROUP_BYTES", 400_000)
    lengths = [4097 + 3001 * (number % 20) for number in range(100)]
    index = index_of(tmp_path, lengths)
    (shard,), _ = build_index(index, tmp_path / "out")
    found = pages(shard.file)
    assert pq.read_metadata(shard.file).num_row_groups > 5
    assert [(first, rows) for _, _, first, rows in found] == [(row, 1) for row in range(100)]
    content = shard.file.read_bytes()
    for (start, size, _, _), file in zip(found, index.table["file"].to_pylist(), strict=True):
        image = index.folder.read(file)
        assert content[start : start + size].endswith(image)
        assert size < len(image) + 64


def test_small_images_share_pages(tmp_path: Path) -> None:
    """Small images may share a page with the next one, so that it has at most 4 KiB before its last image."""
    lengths = [100, 100, SMALL, SMALL, LARGE, SMALL, LARGE, LARGE, 0, 0, SMALL]
    (shard,), _ = build_index(index_of(tmp_path, lengths), tmp_path / "out")
    for _, _, first, rows in pages(shard.file):
        assert sum(lengths[first : first + rows - 1]) <= shard_write.PAGE_BYTES
    assert len(pages(shard.file)) > 4


def test_an_image_over_http(tmp_path: Path) -> None:
    """One request for the byte range that the page index gives must bring one image."""
    index = index_of(tmp_path, [LARGE + 777 * number for number in range(12)])
    (shard,), _ = build_index(index, tmp_path / "out")
    with served(shard.file) as url:
        for row in (0, 5, 11):
            start, size, _, _ = pages(shard.file)[row]
            request = urllib.request.Request(url, headers={"Range": f"bytes={start}-{start + size - 1}"})
            with urllib.request.urlopen(request, timeout=20) as response:
                assert response.status == 206
                fetched = response.read()
            assert len(fetched) == size
            assert index.folder.read(index.table["file"][row].as_py()) in fetched


@pytest.mark.parametrize("lengths", [[30_000] * 100, [700 + 37 * (number % 50) for number in range(3000)]])
def test_inserted_rows_leave_pages_alone(lengths: list[int], tmp_path: Path) -> None:
    """After rows were inserted at the front, nearly all pages of images must be, byte for byte, those of before.

    With images of a page each that is so by itself, with small images that share pages by content-defined chunking.
    """
    after = index_of(tmp_path, lengths)
    before = Index(after.table.slice(3), after.folder)
    contents = []
    for number, index in enumerate((before, after)):
        (shard,), _ = build_index(index, tmp_path / str(number))
        content = shard.file.read_bytes()
        contents.append({content[start : start + size] for start, size, _, _ in pages(shard.file)})
    new = sum(map(len, contents[1] - contents[0]))
    assert new <= sum(lengths[:3]) + 0.1 * sum(lengths)


@pytest.mark.parametrize(
    ("lengths", "text", "asked"),
    [
        ([100, *range(20_000, 40_000, 500)], "", True),  # the first shares its page
        ([20_000] * 200, "long text " * 200, True),  # of two images to a row group and more than a chunk of texts
        (list(range(20_000, 60_000, 100)), "", False),
        (list(range(4097, 5000, 10)), "a face " * 100, False),
    ],
)
def test_content_defined_chunking(
    lengths: list[int], text: str, asked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards must be chunked by content as datasets does; left out only where that would not change a single byte."""
    index = index_of(tmp_path, lengths)
    if text:
        prompts = pa.array([f"{number} {text}" for number in range(len(lengths))])
        index = Index(
            index.table.set_column(index.table.schema.get_field_index("prompt"), "prompt", prompts), index.folder
        )
    (shard,), _ = build_index(index, tmp_path / "out")
    given: list[Any] = []
    writer = pq.ParquetWriter

    def chunk_always(*args: Any, **options: Any) -> Any:
        given.append(options.get("use_content_defined_chunking"))
        return writer(*args, **{**options, "use_content_defined_chunking": DEFAULT_CDC_OPTIONS})

    monkeypatch.setattr(pq, "ParquetWriter", chunk_always)
    (chunked,), _ = build_index(index, tmp_path / "chunked")
    assert given == [DEFAULT_CDC_OPTIONS if asked else False]
    assert chunked.sha256 == shard.sha256
