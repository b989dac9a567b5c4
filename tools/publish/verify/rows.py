"""Compares the rows of a split as they are published with the sheet and the pictures that they were made from.

In go tables of the published columns, shard by shard, without images, and the index of the raw data; out come
differences, by image_id and column. Shards that are as they should be are compared as a whole and forgotten; only of
the others is anything kept.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import EMOTIONS, FEATURES, SUBSETS, Index
from tools.check.findings import quote
from tools.publish.verify.result import Difference, named, row_difference

# What stands for the bytes of an image in a table of rows: their sha256.
IMAGE_BYTES, IMAGE_PATH = "image.bytes", "image.path"
# Cannot be the hash of any file: it cannot be read.
NO_FILE = "no file that can be read"

Key = tuple[str, int]  # an image_id, and which of the rows that have it


class SourceRows:
    """The rows of a split in the raw data, with the columns that are published.

    Pictures are hashed as their rows are asked for, `workers` at a time; `advance` is told how many.
    """

    def __init__(
        self, config: str, split: str, index: Index, *, with_bytes: bool, workers: int, advance: Callable[[int], object]
    ) -> None:
        rows = index.rows(split)
        self.config, self.split, self.count = config, split, rows.num_rows
        self.image_ids: list[str] = rows["image_id"].to_pylist()
        self.files: list[str] = rows["file"].to_pylist()
        columns = {IMAGE_PATH: pa.array([file.rsplit("/", 1)[-1] for file in self.files], pa.string())}
        columns |= {
            field.name: rows[field.name].combine_chunks()
            for field in FEATURES[SUBSETS[config].kind].arrow_schema
            if field.name in rows.column_names
        }
        self._table = pa.table(columns)
        # The column of a config that has one, else that of the images themselves, where they were read.
        has_column = "sha256" in FEATURES[SUBSETS[config].kind]
        self._hashed = "sha256" if has_column else IMAGE_BYTES if with_bytes else None
        self._folder, self._workers, self._advance = index.folder, workers, advance
        self._digests: list[str | None] = [None] * self.count

    def name(self, row: int) -> str:
        """Return the name of a row's image below the data directory."""
        return f"{self._folder.name}/{self.files[row]}"

    def table(self, rows: range | list[int]) -> pa.Table:
        """Return some rows with their columns, and the sha256 of their pictures."""
        if isinstance(rows, range):
            table = self._table.slice(rows.start, len(rows))
        else:
            table = self._table.take(pa.array(rows, pa.int64()))
        if self._hashed:
            table = table.append_column(self._hashed, pa.array(self._hashes(rows), pa.string()))
        return table

    def _hashes(self, rows: Iterable[int]) -> list[str]:
        unknown = [row for row in rows if self._digests[row] is None]
        with ThreadPoolExecutor(self._workers) as pool:
            for row, digest in zip(unknown, pool.map(self._hash, unknown), strict=True):
                self._digests[row] = digest
        self._advance(len(unknown))
        return [self._digests[row] or NO_FILE for row in rows]

    def _hash(self, row: int) -> str:
        try:
            return hashlib.sha256(self._folder.read(self.files[row])).hexdigest()
        except (OSError, ValueError):
            return NO_FILE


def compare_split(
    source: SourceRows, shards: Iterable[tuple[str, pa.Table]], is_whole: Callable[[], bool]
) -> Iterator[Difference]:
    """Yield where the shards (path, table) of a split, in their order, are not the rows of the raw data, in theirs.

    `is_whole`, asked when all shards were taken, says whether they are all that there are: else none of them misses a
    row.
    """
    waiting: list[tuple[str, pa.Table]] = []
    unmatched: list[range] = []
    position = 0
    for path, table in shards:
        here = range(min(position, source.count), min(position + table.num_rows, source.count))
        if len(here) < table.num_rows or not _equal(table, source.table(here)):
            waiting.append((path, table))
            unmatched.append(here)
        position += table.num_rows
    unmatched.append(range(min(position, source.count), source.count))
    yield from named(_compare(source, waiting, [row for rows in unmatched for row in rows], is_whole()))


def _equal(table: pa.Table, wanted: pa.Table) -> bool:
    columns = [name for name in wanted.column_names if name in table.column_names]
    return bool(table.select(columns).equals(wanted.select(columns)))


def _compare(
    source: SourceRows, waiting: list[tuple[str, pa.Table]], unmatched: list[int], is_whole: bool
) -> Iterator[Difference]:
    rows = dict(zip(_keys([source.image_ids[row] for row in unmatched], Counter()), unmatched, strict=True))
    seen: Counter[str] = Counter()
    latest, in_order = -1, True
    for path, table in waiting:
        if "image_id" not in table.column_names:
            continue  # which the comparison of the columns has said
        keys = _keys([str(name) for name in table["image_id"].to_pylist()], seen)
        common = [(number, rows.pop(key)) for number, key in enumerate(keys) if key in rows]
        if in_order:
            for number, row in common:
                if row < latest:
                    why = f"the rows of {source.split} stand in another order than in the raw data, from here on"
                    yield row_difference(path, "different", number, keys[number][0], None, why)
                    in_order = False
                    break
                latest = row
        if len(common) < len(keys):
            yield from _extra(path, keys, {number for number, _ in common})
        if common:
            yield from _cells(path, table, source, common)
    place = f"{source.config}/{source.split}-*.parquet"
    for (name, _), row in rows.items() if is_whole else ():
        yield row_difference(place, "missing", None, name, None, f"the raw data has it ({quote(source.name(row))})")


def _keys(names: list[str], seen: Counter[str]) -> list[Key]:
    keys = []
    for name in names:
        keys.append((name, seen[name]))
        seen[name] += 1
    return keys


def _extra(path: str, keys: list[Key], common: set[int]) -> Iterator[Difference]:
    if not common:
        yield Difference(path, "extra", f"none of its {len(keys):,} rows is left to be found in the raw data")
        return
    for number, (name, _) in enumerate(keys):
        if number not in common:
            yield row_difference(path, "extra", number, name, None, "the raw data has no such row in this split")


def _cells(path: str, table: pa.Table, source: SourceRows, common: list[tuple[int, int]]) -> Iterator[Difference]:
    """Yield the cells of rows (number in the table, number in the raw data) that are not those of the raw data."""
    found = table.take(pa.array([number for number, _ in common], pa.int64()))
    wanted = source.table([row for _, row in common])
    for column in wanted.column_names:
        if column not in found.column_names or found[column].equals(wanted[column]):
            continue
        pairs = zip(common, found[column].to_pylist(), wanted[column].to_pylist(), strict=True)
        for (number, row), is_there, should_be in pairs:
            # The text of a number that is none (NaN) is that of another one; they are not equal otherwise.
            if is_there == should_be or repr(is_there) == repr(should_be):
                continue
            name = source.image_ids[row]
            if should_be == NO_FILE:
                why = f"cannot be compared, for {quote(source.name(row))} is not in the data directory or not readable"
                yield row_difference(path, "unreadable", number, name, column, why)
                continue
            cell, is_there, should_be = _apart(column, is_there, should_be)
            what = "the bytes of the image have sha256 " if column == IMAGE_BYTES else ""
            why = f"{what}{_said(cell, is_there)}, expected {_said(cell, should_be)}"
            if column in ("sha256", IMAGE_BYTES):
                why += f", that of {quote(source.name(row))}"
            yield row_difference(path, "different", number, name, cell, why)


def _apart(place: str, found: Any, wanted: Any) -> tuple[str, Any, Any]:
    """Return the first part of two values that differs: where it is, and what it is in each."""
    parts: Iterable[Any] = ()
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        parts = ((f"{place}.{key}", found[key], wanted[key]) for key in wanted)
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        parts = ((f"{place}[{number}]", *pair) for number, pair in enumerate(zip(found, wanted, strict=True)))
    differing = ((at, one, other) for at, one, other in parts if not (one == other or repr(one) == repr(other)))
    return next((_apart(*part) for part in differing), (place, found, wanted))


def _said(column: str, value: Any) -> str:
    if column == "emotion" and isinstance(value, int) and 0 <= value < len(EMOTIONS):
        return f"{value} ({EMOTIONS[value]})"
    if isinstance(value, float):
        return f"{value:.7g}"  # as many digits as a float32 has
    return "nothing" if value is None else quote(value) if isinstance(value, (str, list, dict)) else str(value)


def as_rows(table: pa.Table, digests: list[str] | None) -> pa.Table:
    """Return a shard's table without images as it is compared: the path of an image, and the sha256 of its bytes."""
    columns = {name: table[name] for name in table.column_names if name != "image"}
    if "image" in table.column_names:
        paths = [pc.struct_field(chunk, "path") for chunk in table["image"].chunks]
        columns[IMAGE_PATH] = pa.chunked_array(paths, pa.string())
    if digests is not None:
        columns[IMAGE_BYTES] = pa.chunked_array([pa.array(digests, pa.string())])
    return pa.table(columns)
