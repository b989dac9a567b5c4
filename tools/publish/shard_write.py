"""Parquet shards with the images' own bytes, in one pass over the images.

In go the rows of a row group at a time and the raw folder; out come a file, its hash, and what is wrong with images.
Worker threads read, prove and hash images into one buffer a row group while the main thread writes the row group before
it, another hashes the shard as it grows and one more sees to it that it gets to the disk. Same input, same bytes,
whatever the number of workers.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import Entry, RawFolder
from tools.check.findings import Finding
from tools.check.images.content import Recorded, unreadable
from tools.publish.shard_schema import leaves, schema_of

# The version of what is written here, a part of every shard's fingerprint: raise it with any change to the bytes.
FORMAT = 1
# An image larger than this ends its data page: the page index gives a byte range for it alone, or for it and the
# smaller ones before it, at most this many bytes. The writer looks at the size of a page after every batch of values,
# so that the batch must be one value.
PAGE_BYTES = 4096
VALUES_A_BATCH = 1
# The bounds of content-defined chunking that datasets uses for images (DEFAULT_CDC_OPTIONS of its config). It serves
# images and texts that share pages: a row inserted before them leaves most pages as they were. Looking for places to
# cut takes a sixth of the time of a build, see `cut_by_content`.
CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
BLOCK = 2**20
PARTIAL = ".partial"

# Gets an image's name below the data directory, its bytes, their sha256, and what the sheet records of it. Called from
# several threads.
Inspect = Callable[[str, bytes, str, "Recorded | None"], Iterable[Finding]]
_Loaded = tuple[str, list[Finding]]  # the sha256 of an image, and what is wrong with it


class Reader:
    """Makes Arrow tables of rows and images: worker threads read the next one while the caller writes this one."""

    def __init__(
        self,
        config: str,
        folder: RawFolder,
        pool: Executor,
        inspect: Inspect,
        advance: Callable[[int], object],
    ) -> None:
        self.schema = schema_of(config)
        self.findings: list[Finding] = []
        self._claims = "sha256_cropped" if config.endswith("_cropped") else "sha256"
        self._folder, self._pool, self._inspect, self._advance = folder, pool, inspect, advance

    def tables(
        self, rows: pa.Table, sizes: Sequence[int], stamps: Sequence[str], groups: Sequence[tuple[int, int]]
    ) -> Iterator[pa.Table]:
        """Yield a table for each group (start, stop) of rows; `sizes` and `stamps` are those of the rows' images."""
        parts = [(rows.slice(start, stop - start), sizes[start:stop], stamps[start:stop]) for start, stop in groups]
        loading = [self._start(*parts[0])]
        for number, (part, lengths, _) in enumerate(parts):
            if number + 1 < len(parts):  # before this one is waited for: the workers always have something to do
                loading.append(self._start(*parts[number + 1]))
            buffer, futures = loading.pop(0)
            digests = []
            for future in futures:
                digest, findings = future.result()
                digests.append(digest)
                self.findings += findings
            self._advance(len(digests))
            yield self._table(buffer, lengths, digests, part)

    def _start(
        self, rows: pa.Table, lengths: Sequence[int], stamps: Sequence[str]
    ) -> tuple[pa.Buffer, list[Future[_Loaded]]]:
        # One buffer for the images of a row group: Arrow takes it as it is, where a list of bytes would be copied.
        buffer = pa.allocate_buffer(sum(lengths))
        view = memoryview(buffer).cast("B")
        ends = itertools.accumulate(lengths)
        places = [view[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        jobs = zip(rows.select(["file", "origin", "claimed_sha256"]).to_pylist(), places, stamps, strict=True)
        return buffer, [self._pool.submit(self._load, *job) for job in jobs]

    def _load(self, row: dict[str, str], place: memoryview, stamp: str) -> _Loaded:
        name = f"{self._folder.name}/{row['file']}"
        try:
            content = self._folder.read(row["file"])
            if not self._folder.is_still(Entry(row["file"], len(place), stamp=stamp), content):
                raise ValueError("changed while it was read")
        except (ValueError, OSError) as error:
            place[:] = bytes(len(place))  # Arrow's memory holds what was there before, and that is nobody's business
            return "", [unreadable(name, error)]
        place[:] = content
        digest = hashlib.sha256(content).hexdigest()
        recorded = None
        if row["claimed_sha256"]:
            sheet, _, number = row["origin"].rpartition(" row ")
            recorded = Recorded(sheet, int(number), self._claims, row["claimed_sha256"])
        return digest, list(self._inspect(name, content, digest, recorded))

    def _table(self, buffer: pa.Buffer, lengths: Sequence[int], digests: list[str], rows: pa.Table) -> pa.Table:
        offset_buffer = pa.array([0, *itertools.accumulate(lengths)], pa.int32()).buffers()[1]
        content = pa.Array.from_buffers(pa.binary(), len(digests), [None, offset_buffer, buffer])
        names = pa.array([file.rsplit("/", 1)[-1] for file in rows["file"].to_pylist()])
        columns = []
        for field in self.schema:
            if field.name == "image":
                columns.append(pa.StructArray.from_arrays([content, names], fields=list(field.type)))
            elif field.name == "sha256":
                columns.append(pa.array(digests))
            else:
                columns.append(rows[field.name])
        return pa.table(columns, schema=self.schema)


class _Sink:
    """A file to write to, as Arrow wants it, that takes whatever comes: Arrow ends the process where a write fails."""

    closed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._position = file, 0
        self._error: OSError | None = None

    def write(self, content: bytes) -> int:
        """Write, or remember why that was not possible."""
        if self._error is None:
            try:
                self._file.write(content)
            except OSError as error:
                self._error = error
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        """Return how many bytes were written, as far as Arrow knows."""
        return self._position

    def flush(self) -> None:
        """Do nothing: `settled` does."""

    def close(self) -> None:
        """Do nothing: the file is closed by who opened it."""

    def settled(self) -> int:
        """Hand everything to the system and return how much there is. Raises OSError where that was not possible."""
        if self._error is None:
            self._file.flush()
        else:
            raise self._error
        return self._position


def cut_by_content(rows: pa.Table, sizes: Sequence[int], groups: Sequence[tuple[int, int]]) -> bool:
    """Say whether content-defined chunking could change a byte of a shard of these rows, sizes of images and groups.

    It could not where each image has a page of its own, and no column of a row group has enough for the least chunk.
    """
    if min(sizes) <= PAGE_BYTES:
        return True
    # The writer counts values and levels, of 2 bytes, and has a column more than the rows: the sha256.
    most = max(
        max(2 * column.nbytes for column in rows.slice(start, stop - start).columns) + 128 * (stop - start)
        for start, stop in groups
    )
    return bool(most >= CHUNKING["min_chunk_size"])


def write_shard(file: Path, schema: pa.Schema, tables: Iterable[pa.Table], helpers: Executor, chunked: bool) -> str:
    """Write each table as a row group to `file`, by way of a partial one; return its sha256.

    When it returns, the file is on the disk and not only in the system's memory; before, nothing has its name but what
    had it before. `helpers` are two threads; `chunked`, whether to look for places to cut pages, see `cut_by_content`.
    Raises OSError where it cannot be written.
    """
    partial = file.with_name(file.name + PARTIAL)
    columns = dict(leaves(schema))
    images = [leaf for leaf in columns if leaf.startswith("image.")]
    labels = [leaf for leaf in columns if leaf not in images]
    with partial.open("wb", buffering=BLOCK) as file_of_sink, partial.open("r+b") as written:
        sink = _Sink(file_of_sink)
        digest = hashlib.sha256()
        hashing: Future[None] = helpers.submit(_hash_up_to, written, 0, digest)
        syncing: Future[None] = helpers.submit(os.fsync, written.fileno())
        try:
            with pq.ParquetWriter(
                pa.PythonFile(sink, "w"),
                schema,
                compression={leaf: "none" if leaf in images else "zstd" for leaf in columns},
                use_dictionary=[leaf for leaf in labels if leaf not in ("image_id", "sha256")],
                # The least and the greatest picture or prompt help no reader, and would stand in the file three times.
                write_statistics=[leaf for leaf, is_number in columns.items() if is_number],
                write_page_index=True,
                data_page_size=PAGE_BYTES,
                write_batch_size=VALUES_A_BATCH,
                use_content_defined_chunking=CHUNKING if chunked else False,
            ) as writer:
                for table in tables:
                    writer.write_table(table, row_group_size=table.num_rows)
                    hashing.result()
                    hashing = helpers.submit(_hash_up_to, written, sink.settled(), digest)
                    if syncing.done():  # the disk works meanwhile: otherwise all of the shard would wait for it at last
                        syncing.result()
                        syncing = helpers.submit(os.fsync, written.fileno())
            hashing.result()
            _hash_up_to(written, sink.settled(), digest)
        finally:
            for future in (hashing, syncing):  # they use the file, which is about to be closed
                future.exception()
        syncing.result()
        os.fsync(written.fileno())
    partial.replace(file)
    sync_folder(file.parent)
    return digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk; on Windows, which does not open folders, that is the system's care."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash_up_to(file: Any, end: int, digest: Any) -> None:
    """Feed the digest what is between the position of the file and `end`; it is still in the system's memory."""
    while (length := min(BLOCK, end - file.tell())) > 0:
        digest.update(file.read(length))
