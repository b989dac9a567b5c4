"""Which rows go into which shard, and a fingerprint of each, before any image is read.

In goes an index (rows without images) and one listing of its raw folder; out come the shards that are to be built.
A million rows take seconds: what is done for each row, Arrow and NumPy do for a whole column.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import Index
from tools.publish.memory import give_back
from tools.publish.shard_schema import leaves, schema_of
from tools.publish.shard_write import FORMAT

# Readers take a row group into memory as a whole: datasets keeps them to 100 MB. A third of that bounds the memory of
# building, too, which holds three at a time: one that is written, one that is read and one that comes next.
ROW_GROUP_BYTES = 32 * 10**6
# What a row takes besides its image and its texts, and an annotation of EmoNet (40 ratings), from above.
ROW_OVERHEAD_BYTES = 4096
ANNOTATION_BYTES = 512
# What a column of a row group takes in the footer and in the page index, from above: some 200 were measured.
COLUMN_OVERHEAD_BYTES = 300
_SIZE, _STAMP = "size of the image", "stamp of the image"

Numbers = npt.NDArray[np.int64]


class ShardError(Exception):
    """The shards cannot be built as asked; the message says why and what to change."""


@dataclass(frozen=True)
class PlannedShard:
    """A shard that is to be: where it belongs, which rows it has, and what its bytes follow from.

    `groups` are its row groups, each (start, stop) among the rows of the split; `sizes` and `stamps` are its images';
    `most_bytes` is above the size that the file will have; `fingerprint` (sha256, hexadecimal) is another one whenever
    the bytes of the file would be others.
    """

    config: str
    split: str
    number: int
    groups: tuple[tuple[int, int], ...]
    most_bytes: int
    fingerprint: str
    sizes: Numbers = field(repr=False, compare=False)
    stamps: pa.ChunkedArray = field(repr=False, compare=False)

    @property
    def path(self) -> str:
        """The path in the repository."""
        return f"{self.config}/{self.split}-{self.number:05d}.parquet"

    @property
    def start(self) -> int:
        """The first of its rows among those of the split."""
        return self.groups[0][0]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.groups[-1][1] - self.start


def plan_shards(config: str, index: Index, *, max_shard_size: int) -> list[PlannedShard]:
    """Divide the rows of a config into shards of at most `max_shard_size` bytes, split by split, in order.

    A shard is named by its place alone and filled before the next is begun, so that rows appended to a split leave all
    its shards but the last as they were. Raises ShardError where an image does not fit into a shard.
    """
    schema = schema_of(config)
    header = json.dumps({"format": FORMAT, "pyarrow": pa.__version__, "raw": index.folder.name}).encode()
    header += schema.serialize().to_pybytes()
    columns = ["file", _SIZE, _STAMP, *(name for name in schema.names if name not in ("image", "sha256"))]
    group_cost = COLUMN_OVERHEAD_BYTES * len(list(leaves(schema)))
    footer = group_cost + len(str(schema.metadata))  # it describes the columns, and the features
    room = max_shard_size - footer
    table = _with_images(index)
    sizes, costs = _flat(table[_SIZE]), _costs(table)
    planned = []
    for split in index.splits():
        places = np.flatnonzero(pc.equal(table["split"], split).to_numpy())
        if (too_large := places[group_cost + costs[places] > room]).size:
            row = int(too_large[0])
            file, size = table["file"][row].as_py(), f"{sizes[row]:,} bytes"
            raise ShardError(f"{file} has {size} and does not fit into a shard of {max_shard_size:,}: allow more")
        ends = np.concatenate(([0], np.cumsum(costs[places])))
        for number, groups in enumerate(_divide(ends, room, group_cost)):
            start, stop = groups[0][0], groups[-1][1]
            most = footer + group_cost * len(groups) + int(ends[stop] - ends[start])
            rows = table.take(places[start:stop])  # a shard at a time: a copy of the split would take as much again
            fingerprint = _fingerprint(header, groups, [rows[name].chunks for name in columns])
            its_sizes = sizes[places[start:stop]]
            facts = (tuple(groups), most, fingerprint, its_sizes, rows[_STAMP])
            planned.append(PlannedShard(config, split, number, *facts))
    del table
    give_back()  # building, which comes next, has other uses for it
    return planned


def _with_images(index: Index) -> pa.Table:
    """Return the rows with size and stamp of each image; a file that is not there has size 0 and no stamp."""
    # What is left of reading the sheet: for a million rows, more than is taken here.
    give_back()
    entries = index.folder.entries()
    # The last of a name counts, as where it is read: of those in a zip twice.
    backwards = pa.array(np.arange(len(entries))[::-1])
    places = pc.index_in(index.table["file"].cast(pa.large_binary()), value_set=entries.names.take(backwards))
    places = pc.take(backwards, places)
    table = index.table.drop_columns(["origin", "claimed_sha256"])  # neither is published, and the first takes room
    table = table.append_column(_SIZE, pc.fill_null(pc.take(entries.sizes, places), 0))
    return table.append_column(_STAMP, pc.fill_null(pc.take(entries.stamps, places), ""))


def _costs(rows: pa.Table) -> Numbers:
    """Return the bytes that each row takes in a shard, from above; by itself, so that other rows do not change it."""
    costs = pc.add(rows[_SIZE], ROW_OVERHEAD_BYTES)
    for name in rows.column_names:
        column = rows[name]
        if name in ("split", _STAMP):
            continue
        if pa.types.is_string(column.type):
            costs = pc.add(costs, pc.fill_null(pc.binary_length(column), 0))
        elif pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type):
            costs = pc.add(costs, pc.multiply(pc.fill_null(pc.list_value_length(column), 0), ANNOTATION_BYTES))
    return _flat(costs)


def _flat(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(column.to_numpy(), np.int64)


def _divide(ends: Numbers, room: int, group_cost: int) -> Iterator[list[tuple[int, int]]]:
    """Yield the row groups of each shard, filling one before the next is begun.

    `ends` are the costs of the rows, summed up from 0; `room` is what a shard may have, its groups' costs included.
    """
    rows, start, groups = len(ends) - 1, 0, list[tuple[int, int]]()
    used = group_cost  # in this shard, with the group that is begun
    while start < rows:
        base = int(ends[start])
        in_group = max(start + 1, int(np.searchsorted(ends, base + ROW_GROUP_BYTES, "right")) - 1)
        in_shard = int(np.searchsorted(ends, base + room - used, "right")) - 1
        stop = min(in_group, in_shard)
        groups.append((start, stop))
        used += int(ends[stop]) - base + group_cost
        if stop in (in_shard, rows) or used + int(ends[stop + 1] - ends[stop]) > room:
            yield groups
            groups, used = [], group_cost
        start = stop


def _fingerprint(header: bytes, groups: list[tuple[int, int]], columns: list[list[pa.Array]]) -> str:
    digest = hashlib.sha256(header)
    digest.update(np.array([len(groups), *(stop - start for start, stop in groups)], np.int64).data)
    for column in columns:
        _feed(digest, column)
    return digest.hexdigest()


def _feed(digest: hashlib._Hash, column: list[pa.Array]) -> None:
    """Feed the digest the values of a column, whatever chunks, offsets and padding hold them.

    That is, in an order that could be read back: whether there are nulls and which, how long the texts or lists are,
    and what is in them. What lies under a null, which means nothing, is left out.
    """
    kind = column[0].type
    if any(array.null_count for array in column):
        digest.update(b"\1")
        for array in column:
            digest.update(_bytes(pc.is_valid(array).cast(pa.uint8())))
    else:
        digest.update(b"\0")
    if pa.types.is_struct(kind):
        parts = [array.flatten() for array in column]
        for number in range(kind.num_fields):
            _feed(digest, [part[number] for part in parts])
    elif pa.types.is_list(kind):
        for array in column:
            digest.update(_bytes(pc.fill_null(pc.list_value_length(array), 0)))
        _feed(digest, [array.flatten() for array in column])
    elif pa.types.is_string(kind):
        filled = [pc.fill_null(array, "") for array in column]
        for array in filled:
            digest.update(_bytes(pc.binary_length(array)))
        for array in filled:
            _, offsets, content = array.buffers()
            if len(array) and content:
                first, last = np.frombuffer(offsets, np.int32)[[array.offset, array.offset + len(array)]]
                digest.update(memoryview(content)[first:last])
    elif pa.types.is_boolean(kind):
        for array in column:
            digest.update(_bytes(pc.fill_null(array, False).cast(pa.uint8())))
    else:
        for array in column:
            digest.update(_bytes(pc.fill_null(array, 0)))


def _bytes(numbers: pa.Array) -> memoryview:
    """Return numbers without nulls as the bytes that they have in memory."""
    return np.ascontiguousarray(numbers.to_numpy(zero_copy_only=False)).view(np.uint8).data
