"""Reads published shards by range: which columns are where, their rows without images, and every image's hash.

In goes a mirror of the commit; out come tables and hashes. Only footers that a child process has survived come here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tools.check.repo.footers import Footer
from tools.publish.plan import Remote
from tools.publish.verify.reads import Digest, Mirror, Unreadable
from tools.publish.verify.result import Difference, row_difference

IMAGE = "image.bytes"
PICTURES_A_BATCH = 16
BUFFER = 2**20
# What is fetched at a time of what is in no row group: the page index, or a file that is no Parquet file.
STRETCH = 32 * 2**20


@dataclass(frozen=True)
class PublishedShard:
    """A shard as the Hub lists it: its path and place, its footer, and the byte from which on the mirror has it."""

    path: str
    config: str
    split: str
    footer: Footer
    footer_start: int


def read_labels(mirror: Mirror, shard: PublishedShard) -> pa.Table:
    """Fetch and return every column of a shard but the bytes of its images. Raises Unreadable and HubError."""
    chunks = [chunk for chunk in _chunks(shard.footer) if chunk[0] != IMAGE]
    mirror.fetch(shard.path, _not_there(shard, chunks))
    with _pages(), _open(mirror.path(shard.path)) as parquet:
        return parquet.read(columns=list(dict.fromkeys(leaf for leaf, _, _ in chunks)), use_threads=False)


def chunk_ranges(shard: PublishedShard, columns: Collection[str], group: int | None = None) -> list[tuple[int, int]]:
    """Return the stretches of a shard that hold columns (dotted paths, or the names that they begin with).

    Of one row group, or of all; without what came with the footer. Raises Unreadable.
    """
    chunks = [
        chunk
        for chunk in _chunks(shard.footer, group)
        if any(chunk[0] == name or chunk[0].startswith(f"{name}.") for name in columns)
    ]
    return _not_there(shard, chunks)


def read_deeply(
    mirror: Mirror, shard: PublishedShard, listed: Remote, advance: Callable[[int], object]
) -> tuple[list[str], list[Difference]]:
    """Stream a whole shard; return the sha256 of every image in it, and whether the file is the one that is listed.

    One row group at a time is on this machine's disk, and some pictures of it in memory. Raises Unreadable, HubError.
    """
    size = mirror.sizes[shard.path]
    digest, digests, position = Digest(size), list[str](), 0
    with mirror.window(shard.path, shard.footer_start) as window:
        for group, (start, stop) in enumerate(_groups(shard.footer)):
            if start < position:
                raise Unreadable("has row groups that overlap")
            for block in window.show(position, stop):
                digest.update(block)
            position = stop
            # A row group may begin behind a gap: what is shown begins where the last one ended.
            for found in _hashes(window.place, group):
                digests += found
                advance(len(found))
        for start in range(position, size, STRETCH):
            for block in window.show(start, min(size, start + STRETCH)):
                digest.update(block)
    problem = digest.problem(listed)
    return digests, [Difference(shard.path, "different", problem)] if problem else []


def hash_file(mirror: Mirror, path: str, listed: Remote) -> Iterator[Difference]:
    """Stream a file of any kind, and yield a difference where it is not the one that is listed."""
    size = mirror.sizes[path]
    digest = Digest(size)
    with mirror.window(path, size) as window:
        for start in range(0, size, STRETCH):
            for block in window.show(start, min(size, start + STRETCH)):
                digest.update(block)
    if problem := digest.problem(listed):
        yield Difference(path, "different", problem)


def images_against_column(shard: PublishedShard, table: pa.Table, digests: list[str]) -> Iterator[Difference]:
    """Yield the images whose bytes do not have the sha256 that stands beside them."""
    if "sha256" not in table.column_names:
        return
    computed = pa.chunked_array([pa.array(digests, pa.string())])
    if len(computed) == len(table) and table["sha256"].equals(computed):
        return
    names = table["image_id"].to_pylist() if "image_id" in table.column_names else [""] * len(table)
    for row, (said, found) in enumerate(zip(table["sha256"].to_pylist(), digests, strict=False)):
        if said != found:
            why = f"the bytes of the image have sha256 {found}, and column sha256 says {said}"
            yield row_difference(shard.path, "different", row, str(names[row]), "image", why)


def _hashes(place: Path, group: int) -> Iterator[list[str]]:
    """Yield the sha256 of the images of a row group, some at a time."""
    with _pages(), _open(place) as parquet:
        for batch in parquet.iter_batches(PICTURES_A_BATCH, row_groups=[group], columns=[IMAGE], use_threads=False):
            images = pc.struct_field(batch.column(0), "bytes")
            yield [hashlib.sha256(image.as_buffer() or b"").hexdigest() for image in images]


@contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    with pa.OSFile(os.fspath(path)) as source, pq.ParquetFile(source, buffer_size=BUFFER, pre_buffer=False) as parquet:
        yield parquet


@contextmanager
def _pages() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError, MemoryError, IndexError, KeyError):
        raise Unreadable("has a footer that can be read, and pages that cannot") from None


def _not_there(shard: PublishedShard, chunks: Iterable[tuple[str, int, int]]) -> list[tuple[int, int]]:
    """Return the stretches of column chunks, those that touch as one, up to what came with the footer."""
    there = shard.footer_start
    return _merged((start, min(stop, there)) for _, start, stop in chunks if start < there)


def _chunks(footer: Footer, only: int | None = None) -> list[tuple[str, int, int]]:
    """Return the column chunks of a file, or of one row group: the dotted path of the column, and its stretch of bytes.

    A stretch is the first byte and the one after the last.
    """
    found = []
    for number in range(footer.metadata.num_row_groups) if only is None else (only,):
        group = footer.metadata.row_group(number)
        for column in range(group.num_columns):
            chunk = group.column(column)
            start = min(filter(None, (chunk.data_page_offset, chunk.dictionary_page_offset)), default=0)
            stop = start + chunk.total_compressed_size
            if not 0 < start <= stop <= footer.size:
                raise Unreadable(f"is damaged: column {chunk.path_in_schema} is said to lie outside the file")
            found.append((chunk.path_in_schema, start, stop))
    return found


def _groups(footer: Footer) -> Iterator[tuple[int, int]]:
    """Yield the stretch of bytes of each row group."""
    chunks = iter(_chunks(footer))
    for number in range(footer.metadata.num_row_groups):
        group = [next(chunks) for _ in range(footer.metadata.row_group(number).num_columns)]
        yield min(start for _, start, _ in group), max(stop for _, _, stop in group)


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return ranges sorted, those that touch as one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(ranges):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
