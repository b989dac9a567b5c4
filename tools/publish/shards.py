"""From the files of a config to Parquet shards, in one pass.

In goes an index (rows without images) and the raw folder; out come shards whose image bytes are the files' own, and
what is wrong with any image. Worker threads read, prove and hash images into one buffer a row group while the main
thread writes the row group before it and another hashes the shard as it grows. Same input, same bytes, whatever the
number of workers.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from DiffusionFER import FEATURES, SPLITS, SUBSETS, Index, RawFolder
from tools.check.findings import Finding
from tools.check.images.content import Recorded, image_findings, unreadable

# Readers take a row group into memory as a whole: datasets keeps them to 100 MB. A third of that bounds the memory of
# this pass, too, which holds three at a time: one that is written, one that is read and one that comes next.
ROW_GROUP_BYTES = 32 * 10**6
# What a row takes besides its image and its texts, and an annotation of EmoNet (40 ratings), from above.
ROW_OVERHEAD_BYTES = 4096
ANNOTATION_BYTES = 512
# What a column of a row group takes in the footer and in the page index, from above: some 200 were measured.
COLUMN_OVERHEAD_BYTES = 300
# An image larger than this ends its data page: the page index gives a byte range for it alone, or for it and the
# smaller ones before it, at most this many bytes. The writer looks at the size of a page after every batch of values,
# so that the batch must be one value.
PAGE_BYTES = 4096
VALUES_A_BATCH = 1
# The bounds of content-defined chunking that datasets uses for images (DEFAULT_CDC_OPTIONS of its config). It serves
# images and texts that share pages: a row inserted before them leaves most pages as they were.
CHUNKING = {"min_chunk_size": 256 * 1024, "max_chunk_size": 1024 * 1024, "norm_level": 0}
HASH_BLOCK = 2**20
SHARD_NAME = re.compile(rf"({'|'.join(SPLITS)})-\d{{5}}\.parquet(\.partial)?")


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


# Gets an image's name below the data directory, its bytes, their sha256, and what the sheet records of it. Called from
# several threads.
Inspect = Callable[[str, bytes, str, "Recorded | None"], Iterable[Finding]]


class ShardError(Exception):
    """The shards cannot be built as asked; the message says why and what to change."""


def build_shards(
    config: str,
    index: Index,
    folder: Path,
    *,
    max_shard_size: int,
    workers: int,
    inspect: Inspect = image_findings,
    advance: Callable[[int], object] = lambda images: None,
) -> tuple[list[Shard], list[Finding]]:
    """Write the shards of a config to `folder`/config/split-NNNNN.parquet; return them and what is wrong with images.

    `max_shard_size` is in bytes; `advance` is told how many more images are done. With any finding the shards are of no
    use, but every image has been looked at. A shard is named by its place alone and filled before the next is begun, so
    that rows appended to a split leave all its shards but the last as they were. Raises ShardError where an image does
    not fit into a shard.
    """
    target = folder / config
    target.mkdir(parents=True, exist_ok=True)
    shards: list[Shard] = []
    sizes = {entry.name: entry.size for entry in index.folder.entries()}
    with ThreadPoolExecutor(workers, "read") as pool, ThreadPoolExecutor(1, "hash") as hasher:
        reader = _Reader(config, index.folder, pool, inspect, advance)
        for split in index.splits():
            rows = index.rows(split)
            lengths = [sizes.get(file, 0) for file in rows["file"].to_pylist()]
            for number, groups in enumerate(_plan(rows, lengths, max_shard_size, reader.schema)):
                file = target / f"{split}-{number:05d}.parquet"
                start, stop = groups[0][0], groups[-1][1]
                digest, size = _write(file, reader.schema, reader.tables(rows, lengths, groups), hasher)
                path = f"{config}/{file.name}"
                if size > max_shard_size:
                    raise ShardError(f"{path} has {size:,} bytes, and a shard may have {max_shard_size:,}: allow more")
                shards.append(Shard(config, split, path, file, stop - start, size, digest))
    kept = {shard.file for shard in shards}
    for file in target.iterdir():
        if file not in kept and SHARD_NAME.fullmatch(file.name):  # of an earlier run; other files are not ours
            file.unlink()
    return shards, reader.findings


def built_shards(config: str, folder: Path) -> list[tuple[str, Path]]:
    """Return the finished shards of a config that lie in `folder`, as (split, file), in order; none where none do."""
    found = sorted((folder / config).glob("*.parquet"))
    return [(match[1], file) for file in found if (match := SHARD_NAME.fullmatch(file.name))]


def _plan(rows: pa.Table, lengths: list[int], max_shard_size: int, schema: pa.Schema) -> list[list[tuple[int, int]]]:
    """Divide rows into shards of row groups, each (start, stop), filling one before the next is begun."""
    group_cost = COLUMN_OVERHEAD_BYTES * len(list(_leaves(schema)))
    room = max_shard_size - group_cost - len(str(schema.metadata))  # the footer describes the columns, and the features
    shards: list[list[tuple[int, int]]] = []
    groups: list[tuple[int, int]] = []
    start, in_group, in_shard = 0, 0, group_cost
    for row, cost in enumerate(_costs(rows, lengths)):
        if group_cost + cost > room:
            file, size = rows["file"][row].as_py(), f"{lengths[row]:,} bytes"
            raise ShardError(f"{file} has {size} and does not fit into a shard of {max_shard_size:,}: allow more")
        group_full = row > start and in_group + cost > ROW_GROUP_BYTES
        if in_shard + cost + group_cost * group_full > room:
            shards.append([*groups, (start, row)])
            groups, start, in_group, in_shard = [], row, 0, group_cost
        elif group_full:
            groups.append((start, row))
            start, in_group, in_shard = row, 0, in_shard + group_cost
        in_group += cost
        in_shard += cost
    return [*shards, [*groups, (start, len(lengths))]] if lengths else shards


def _costs(rows: pa.Table, lengths: list[int]) -> list[int]:
    """Return the bytes that each row takes in a shard, from above; by itself, so that other rows do not change it."""
    costs = pc.add(pa.array(lengths, pa.int64()), ROW_OVERHEAD_BYTES)
    for column in rows.columns:
        if pa.types.is_string(column.type):
            costs = pc.add(costs, pc.fill_null(pc.binary_length(column), 0))
        elif pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
            costs = pc.add(costs, pc.multiply(pc.fill_null(pc.list_value_length(column), 0), ANNOTATION_BYTES))
    return list(costs.to_pylist())


_Loaded = tuple[str, list[Finding]]  # the sha256 of an image, and what is wrong with it


class _Reader:
    """Makes Arrow tables of rows and images: worker threads read the next one while the caller writes this one."""

    def __init__(
        self,
        config: str,
        folder: RawFolder,
        pool: ThreadPoolExecutor,
        inspect: Inspect,
        advance: Callable[[int], object],
    ) -> None:
        self.schema = schema_of(config)
        self.findings: list[Finding] = []
        self._claims = "sha256_cropped" if config.endswith("_cropped") else "sha256"
        self._folder, self._pool, self._inspect, self._advance = folder, pool, inspect, advance

    def tables(self, rows: pa.Table, lengths: list[int], groups: list[tuple[int, int]]) -> Iterator[pa.Table]:
        """Yield a table for each group (start, stop) of rows; `lengths` are the sizes of all rows' images in bytes."""
        parts = [(rows.slice(start, stop - start), lengths[start:stop]) for start, stop in groups]
        loading = [self._start(*parts[0])]
        for number, (part, sizes) in enumerate(parts):
            if number + 1 < len(
                parts
            ):  # before this one is waited for, so that the workers always have something to do
                loading.append(self._start(*parts[number + 1]))
            buffer, futures = loading.pop(0)
            digests = []
            for future in futures:
                digest, findings = future.result()
                digests.append(digest)
                self.findings += findings
            self._advance(len(digests))
            yield self._table(buffer, sizes, digests, part)

    def _start(self, rows: pa.Table, lengths: list[int]) -> tuple[pa.Buffer, list[Future[_Loaded]]]:
        # One buffer for the images of a row group: Arrow takes it as it is, where a list of bytes would be copied.
        buffer = pa.allocate_buffer(sum(lengths))
        view = memoryview(buffer).cast("B")
        ends = itertools.accumulate(lengths)
        places = [view[end - length : end] for end, length in zip(ends, lengths, strict=True)]
        jobs = zip(rows.select(["file", "origin", "claimed_sha256"]).to_pylist(), places, strict=True)
        return buffer, [self._pool.submit(self._load, *job) for job in jobs]

    def _load(self, row: dict[str, str], place: memoryview) -> _Loaded:
        name = f"{self._folder.name}/{row['file']}"
        try:
            content = self._folder.read(row["file"])
            if len(content) != len(place):
                raise ValueError("changed while it was read")
        except (ValueError, OSError) as error:
            return "", [unreadable(name, error)]
        place[:] = content
        digest = hashlib.sha256(content).hexdigest()
        recorded = None
        if row["claimed_sha256"]:
            sheet, _, number = row["origin"].rpartition(" row ")
            recorded = Recorded(sheet, int(number), self._claims, row["claimed_sha256"])
        return digest, list(self._inspect(name, content, digest, recorded))

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
    tables: Iterator[pa.Table],
    hasher: ThreadPoolExecutor,
) -> tuple[str, int]:
    """Write each table as a row group to `file`, by way of a partial one; return its sha256 and its size."""
    partial = file.with_name(file.name + ".partial")
    leaves = dict(_leaves(schema))
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
            # The least and the greatest picture or prompt help no reader, and would stand in the file three times more.
            write_statistics=[leaf for leaf, is_number in leaves.items() if is_number],
            write_page_index=True,
            data_page_size=PAGE_BYTES,
            write_batch_size=VALUES_A_BATCH,
            use_content_defined_chunking=CHUNKING,
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
    """Write lists as datasets before 4 did, in brackets: every version reads that."""
    if isinstance(feature, list):
        return [_oldest_form(item) for item in feature]
    if not isinstance(feature, dict):
        return feature
    if feature.get("_type") in ("List", "Sequence"):
        return [_oldest_form(feature["feature"])]
    return {key: _oldest_form(value) for key, value in feature.items()}


def _leaves(schema: pa.Schema) -> Iterator[tuple[str, bool]]:
    """Yield the Parquet path of each leaf column, by which the writer's options go, and whether it holds numbers."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink)
    columns = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    for number in range(len(columns)):
        column = columns.column(number)
        yield column.path, column.physical_type != "BYTE_ARRAY"
