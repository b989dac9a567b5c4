"""From the files of a config to Parquet shards, in one pass.

In goes an index (rows without images) and the raw folder; out come shards whose image bytes are the files' own, and
what was wrong with any image. Worker threads read, prove and hash images into one buffer a row group while the main
thread writes the row group before it and another hashes the shard as it grows. Same input, same bytes, whatever the
number of workers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import FEATURES, SUBSETS, Index, RawFolder

# Readers take a row group into memory as a whole: datasets keeps them to 100 MB. A third of that bounds the memory of
# this pass, too, which holds two at a time: the one that is read and the one that is written.
ROW_GROUP_BYTES = 32 * 10**6
# What a row takes besides its image, from above: some 20 short columns, or the ratings of ten annotators.
ROW_OVERHEAD_BYTES = 4096
# An image larger than this ends its data page: the page index gives a byte range for it alone, or for it and the
# smaller ones before it, at most this many bytes. The writer looks at the size of a page after every batch of values,
# so that the batch must be one value.
PAGE_BYTES = 4096
VALUES_A_BATCH = 1
# The bounds of content-defined chunking that datasets uses for images (DEFAULT_CDC_OPTIONS of its config). It serves
# small images, which share pages: a row inserted before them leaves most pages as they were. Where each image has a
# page of its own, that is so anyway, and the search for places to cut would take a fifth of the time.
CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
HASH_BLOCK = 2**20


@dataclass(frozen=True)
class Shard:
    """A Parquet file: its path in the repository, where it is, and what it holds. Sizes in bytes."""

    config: str
    split: str
    path: str
    file: Path
    rows: int
    size: int
    sha256: str


Kind = Literal["file", "image", "sha256"]


@dataclass(frozen=True)
class Problem:
    """An image that must not be published: its name below the raw folder, where its row stands, what is wrong.

    `kind` says what was found wanting: the way to the "file", its "image" or the "sha256" that its row claims.
    """

    file: str
    origin: str
    message: str
    kind: Kind


# Gets the bytes of an image and says what is wrong with them, or None. Called from several threads.
Proof = Callable[[bytes], "str | None"]


class ShardError(Exception):
    """The shards cannot be built as asked; the message says why and what to change."""


def build_shards(
    config: str,
    index: Index,
    folder: Path,
    *,
    max_shard_size: int,
    workers: int,
    prove: Proof,
    advance: Callable[[int], object] = lambda images: None,
) -> tuple[list[Shard], list[Problem]]:
    """Write the shards of a config to `folder`/config/split-NNNNN.parquet and return them, with the problems found.

    `max_shard_size` is in bytes; `advance` is told how many more images are done. With any problem the shards are of no
    use, but every image has been looked at. A shard is named by its place alone and filled before the next is begun, so
    that rows appended to a split leave all its shards but the last as they were. Raises ShardError where an image does
    not fit into a shard.
    """
    target = folder / config
    target.mkdir(parents=True, exist_ok=True)
    shards: list[Shard] = []
    sizes = {entry.name: entry.size for entry in index.folder.entries()}
    with ThreadPoolExecutor(workers, "read") as pool, ThreadPoolExecutor(1, "hash") as hasher:
        reader = _Reader(index.folder, schema_of(config), pool, prove, advance)
        for split in index.splits():
            rows = index.rows(split)
            lengths = [sizes.get(file, 0) for file in rows["file"].to_pylist()]
            for number, groups in enumerate(_plan(rows, lengths, max_shard_size)):
                file = target / f"{split}-{number:05d}.parquet"
                start, stop = groups[0][0], groups[-1][1]
                chunking = CHUNKING if min(lengths[start:stop]) <= PAGE_BYTES else False
                digest, size = _write(file, reader.schema, chunking, reader.tables(rows, lengths, groups), hasher)
                path = f"{config}/{file.name}"
                if size > max_shard_size:
                    raise ShardError(f"{path} has {size:,} bytes, above the {max_shard_size:,} that a shard may have")
                shards.append(Shard(config, split, path, file, stop - start, size, digest))
    for stale in set(target.iterdir()) - {shard.file for shard in shards}:  # of an earlier run
        stale.unlink()
    return shards, reader.problems


def _plan(rows: pa.Table, lengths: list[int], max_shard_size: int) -> list[list[tuple[int, int]]]:
    """Divide rows into shards of row groups, each (start, stop), filling one before the next is begun."""
    shards: list[list[tuple[int, int]]] = []
    start = in_group = in_shard = 0
    groups: list[tuple[int, int]] = []
    for row, length in enumerate(lengths):
        cost = length + ROW_OVERHEAD_BYTES
        if cost + ROW_OVERHEAD_BYTES > max_shard_size:  # the footer takes some, too
            file = rows["file"][row].as_py()
            raise ShardError(
                f"{file} has {length:,} bytes and does not fit into a shard of {max_shard_size:,}: allow more"
            )
        full = in_shard + cost + ROW_OVERHEAD_BYTES > max_shard_size
        if row > start and (full or in_group + cost > ROW_GROUP_BYTES):
            groups.append((start, row))
            start, in_group = row, 0
        if full:
            shards.append(groups)
            groups, in_shard = [], 0
        in_group += cost
        in_shard += cost
    return [*shards, [*groups, (start, len(lengths))]] if lengths else shards


_Loaded = tuple[str, "tuple[str, Kind] | None"]  # the sha256 of an image, and what is wrong with it


class _Reader:
    """Makes Arrow tables of rows and images: worker threads read the next one while the caller writes this one."""

    def __init__(
        self,
        folder: RawFolder,
        schema: pa.Schema,
        pool: ThreadPoolExecutor,
        prove: Proof,
        advance: Callable[[int], object],
    ) -> None:
        self.schema = schema
        self.problems: list[Problem] = []
        self._folder, self._pool, self._prove, self._advance = folder, pool, prove, advance

    def tables(self, rows: pa.Table, lengths: list[int], groups: list[tuple[int, int]]) -> Iterator[pa.Table]:
        """Yield a table for each group (start, stop) of rows; `lengths` are the sizes of all rows' images in bytes."""
        parts = [(rows.slice(start, stop - start), lengths[start:stop]) for start, stop in groups]
        loading = self._start(*parts[0])
        for number, (part, sizes) in enumerate(parts):
            buffer, futures = loading
            digests = []
            for file, origin, future in zip(part["file"], part["origin"], futures, strict=True):
                digest, problem = future.result()
                digests.append(digest)
                if problem:
                    self.problems.append(Problem(file.as_py(), origin.as_py(), *problem))
            self._advance(len(digests))
            if number + 1 < len(parts):
                loading = self._start(*parts[number + 1])
            yield self._table(buffer, sizes, digests, part)

    def _start(self, rows: pa.Table, lengths: list[int]) -> tuple[pa.Buffer, list[Future[_Loaded]]]:
        # One buffer for the images of a row group: Arrow takes it as it is, where a list of bytes would be copied.
        buffer = pa.allocate_buffer(sum(lengths))
        view = memoryview(buffer).cast("B")
        ends = itertools.accumulate(lengths)
        places = [view[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        jobs = zip(rows["file"].to_pylist(), rows["claimed_sha256"].to_pylist(), places, strict=True)
        return buffer, [self._pool.submit(self._load, *job) for job in jobs]

    def _load(self, file: str, claimed: str | None, place: memoryview) -> _Loaded:
        try:
            content = self._folder.read(file)
        except (ValueError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            return "", (f"cannot be read: {reason}", "file")
        if len(content) != len(place):
            return "", ("changed while it was read", "file")
        place[:] = content
        digest = hashlib.sha256(content).hexdigest()
        if claimed and claimed.lower() != digest:
            return digest, (f"has sha256 {digest}, but its row says {claimed}", "sha256")
        problem = self._prove(content)
        return digest, (problem, "image") if problem else None

    def _table(self, buffer: pa.Buffer, lengths: list[int], digests: list[str], rows: pa.Table) -> pa.Table:
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


def _write(
    file: Path,
    schema: pa.Schema,
    chunking: dict[str, int] | bool,
    tables: Iterator[pa.Table],
    hasher: ThreadPoolExecutor,
) -> tuple[str, int]:
    """Write each table as a row group to `file`, by way of a partial one; return its sha256 and its size."""
    partial = file.with_name(file.name + ".partial")
    leaves = list(_leaves(schema))
    images = [leaf for leaf in leaves if leaf.startswith("image.")]
    labels = [leaf for leaf in leaves if leaf not in images]
    with pa.OSFile(str(partial), "wb") as sink, partial.open("rb") as written:
        digest = hashlib.sha256()
        done: Future[None] = hasher.submit(_hash_up_to, written, 0, digest)
        with pq.ParquetWriter(
            sink,
            schema,
            compression={leaf: "none" if leaf in images else "zstd" for leaf in leaves},
            use_dictionary=[leaf for leaf in labels if leaf not in ("image_id", "sha256")],
            write_statistics=labels,  # the least and the greatest image are of no use to anyone
            write_page_index=True,
            data_page_size=PAGE_BYTES,
            write_batch_size=VALUES_A_BATCH,
            use_content_defined_chunking=chunking,
        ) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=table.num_rows)
                done.result()
                done = hasher.submit(_hash_up_to, written, sink.tell(), digest)
        size = sink.tell()
        done.result()
        _hash_up_to(written, size, digest)
    partial.replace(file)
    return digest.hexdigest(), size


def _hash_up_to(file: Any, end: int, digest: Any) -> None:
    """Feed the digest what is between the position of the file and `end`; it is still in the system's memory."""
    while (length := min(HASH_BLOCK, end - file.tell())) > 0:
        digest.update(file.read(length))


def schema_of(config: str) -> pa.Schema:
    """Return the Arrow schema of a config, with the features as every version of datasets can read them."""
    features = FEATURES[SUBSETS[config].kind]
    described = {"info": {"features": _oldest_form(features.to_dict())}}
    return features.arrow_schema.with_metadata({"huggingface": json.dumps(described)})


def _oldest_form(feature: Any) -> Any:
    """Write lists as datasets before 4 did, in brackets or as a Sequence with a length: every version reads that."""
    if isinstance(feature, list):
        return [_oldest_form(item) for item in feature]
    if not isinstance(feature, dict):
        return feature
    if feature.get("_type") == "List":
        item = _oldest_form(feature["feature"])
        length = feature.get("length", -1)
        return [item] if length == -1 else {"feature": item, "length": length, "_type": "Sequence"}
    return {key: _oldest_form(value) for key, value in feature.items()}


def _leaves(schema: pa.Schema) -> Iterator[str]:
    """Yield the Parquet paths of a schema's leaf columns, by which the writer's options go."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    columns = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    for number in range(len(columns)):
        yield columns.column(number).path
