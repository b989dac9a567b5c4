"""Rules for the Parquet files of a repository: footers, row groups, features, and the bytes and paths of images.

Only footers, paths and, where a footer does not count the images without bytes, the levels before the bytes are read:
no picture is decoded, and memory does not grow with the number of images.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tools.check.findings import Finding, quote
from tools.check.repo.footers import Footer, read_footer
from tools.check.repo.pages import count_nulls
from tools.check.repo.rules import (
    DAMAGED,
    FEATURES_DISAGREE,
    GROUP_LARGE,
    GROUP_TOO_LARGE,
    NO_BYTES,
    NO_FEATURES,
    NO_PAGE_INDEX,
    PATH_OF_MACHINE,
    PATH_WITH_FOLDER,
)

# The dataset viewer, services/rows and libs/libcommon, config.py: ROWS_INDEX_MAX_ARROW_DATA_IN_MEMORY. What it says on
# the page: "Scan size limit exceeded ... limit is 300000000 bytes. Make sure that 1. the Parquet files contain a page
# index to enable random access without loading entire row groups 2. otherwise use smaller row-group sizes".
VIEWER_BYTES = 300_000_000
# datasets, config.py: MAX_ROW_GROUP_SIZE = "100MB".
GROUP_BYTES = 100_000_000
ROWS_A_BATCH = 1000
PICTURES_A_BATCH = 16
BUFFER = 2**20
ABSOLUTE = r"(?:^|^file:|^[a-z]+://|::)(?:[/~\\]|[A-Za-z]:[\\/])"
FOLDERS = r"[/\\]"
URL = r"^(?:https?|hf|s3|gs)://"


@dataclass(frozen=True)
class Shard:
    """A Parquet file of a repository that could be opened: its name there, where it is, and its footer."""

    name: str
    path: Path
    footer: Footer


def shard_findings(path: Path, name: str, has_card_features: bool) -> Iterator[Finding]:
    """Yield what is wrong with one Parquet file; `has_card_features` says that the card describes its columns."""
    try:
        shard = Shard(name, path, read_footer(path))
    except ValueError as error:
        yield DAMAGED.at(name, f"Parquet file {error}")
        return
    yield from _row_groups(shard)
    yield from _features(shard, has_card_features)
    try:
        yield from _images(shard)
    except (pa.ArrowException, OSError, UnicodeError):
        yield DAMAGED.at(name, "Parquet file has a footer that can be read, and pages that cannot")


def has_page_index(footer: Footer) -> bool:
    """Say whether every column of every row group has an offset index."""
    groups = [footer.metadata.row_group(number) for number in range(footer.metadata.num_row_groups)]
    return all(group.column(number).has_offset_index for group in groups for number in range(group.num_columns))


def _row_groups(shard: Shard) -> Iterator[Finding]:
    metadata = shard.footer.metadata
    sizes = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
    indexed = has_page_index(shard.footer)
    if sizes and (largest := max(sizes)) > GROUP_BYTES:
        rule, limit = (GROUP_LARGE, GROUP_BYTES)
        if largest > VIEWER_BYTES and not indexed:
            rule, limit = (GROUP_TOO_LARGE, VIEWER_BYTES)
        which = f"row group {sizes.index(largest)} of {len(sizes)}"
        message = f"{which} has {_megabytes(largest)}, expected at most {_megabytes(limit)}"
        yield rule.at(shard.name, message, value=str(largest))
    if shard.footer.rows and not indexed:
        yield NO_PAGE_INDEX.at(shard.name, f"file of {shard.footer.rows:,} rows has no page index")


def _megabytes(size: int) -> str:
    return f"{size / 10**6:,.1f} MB"


def _features(shard: Shard, has_card_features: bool) -> Iterator[Finding]:
    footer = shard.footer
    if footer.features_problem:
        message = f"what the file says of its features {footer.features_problem}"
        yield FEATURES_DISAGREE.at(shard.name, message)
    elif footer.features is None:
        if not has_card_features:
            for column in image_columns(footer):
                message = f"column {quote(column)} has bytes and path of images, but no feature says so"
                yield NO_FEATURES.at(shard.name, message, column=column)
    else:
        yield from _misfits(shard, footer.features)


def _misfits(shard: Shard, described: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the features that `datasets` would forget, as `Features.from_arrow_schema` compares them."""
    from datasets import Features

    try:
        expected = Features.from_dict(dict(described)).arrow_schema
    except Exception as error:  # it raises what its parts raise: TypeError, ValueError, KeyError, AttributeError
        message = f"the features of the file cannot be read by datasets ({type(error).__name__})"
        yield FEATURES_DISAGREE.at(shard.name, message)
        return
    schema = shard.footer.schema
    for field in schema:
        if field.name not in expected.names:
            message = f"column {quote(field.name)} has no feature, and other columns have"
            yield FEATURES_DISAGREE.at(shard.name, message, column=field.name)
        elif schema.names.count(field.name) == 1 and not expected.field(field.name).equals(field):
            wanted, got = expected.field(field.name).type, field.type
            message = f"column {quote(field.name)} is {got}, but its feature is stored as {wanted}"
            yield FEATURES_DISAGREE.at(shard.name, message, column=field.name)
    for name in expected.names:
        if name not in schema.names:
            yield FEATURES_DISAGREE.at(shard.name, f"feature {quote(name)} has no column", column=name)


def image_columns(footer: Footer) -> list[str]:
    """Return the dotted paths of what is stored as an image is: bytes and path side by side."""
    columns = footer.metadata.schema
    leaves = {columns.column(number).path: columns.column(number) for number in range(len(columns))}
    found = []
    for path, column in leaves.items():
        parent, _, last = path.rpartition(".")
        is_binary = column.physical_type == "BYTE_ARRAY" and column.logical_type.type == "NONE"
        if parent and last == "bytes" and is_binary and f"{parent}.path" in leaves:
            found.append(parent)
    return found


def _images(shard: Shard) -> Iterator[Finding]:
    for column in image_columns(shard.footer):
        named, first = 0, 0
        wrong = {PATH_OF_MACHINE: (0, 0, ""), PATH_WITH_FOLDER: (0, 0, "")}
        for paths in _values(shard.path, f"{column}.path", ROWS_A_BATCH):
            named += len(paths) - paths.null_count
            for rule, values in _suspicious(paths).items():
                if found := values.true_count:
                    count, row, value = wrong[rule]
                    if not count:
                        index = values.index(True).as_py()
                        row, value = first + index + 1, paths[index].as_py()
                    wrong[rule] = (count + found, row, value)
            first += len(paths)
        yield from _without_bytes(shard, column, first, named)
        for rule, (count, row, value) in wrong.items():
            if count:
                what = "is absolute" if rule is PATH_OF_MACHINE else "has folders"
                message = f"path {quote(value)} of an image {what} ({count:,} of {first:,} images)"
                yield rule.at(shard.name, message, row=row, column=f"{column}.path", value=value)


def _suspicious(paths: pa.Array) -> dict[Any, pa.BooleanArray]:
    """Return which paths are absolute, and which others have folders."""
    absolute = pc.fill_null(pc.match_substring_regex(paths, ABSOLUTE), False)
    folders = pc.fill_null(pc.match_substring_regex(paths, FOLDERS), False)
    remote = pc.fill_null(pc.match_substring_regex(paths, URL), False)
    plain = pc.and_not(pc.and_not(folders, absolute), remote)
    return {PATH_OF_MACHINE: pc.and_not(absolute, remote), PATH_WITH_FOLDER: plain}


def _without_bytes(shard: Shard, column: str, images: int, named: int) -> Iterator[Finding]:
    """Yield a finding where images have a path and no bytes, or where no image has bytes.

    A row without either is a row without an image, which a dataset may have.
    """
    nulls = _nulls(shard, f"{column}.bytes")
    if nulls and (nulls > images - named or nulls == images):
        message = f"{nulls:,} of {images:,} images have no bytes"
        yield NO_BYTES.at(shard.name, message, column=f"{column}.bytes", value=str(nulls))


def _nulls(shard: Shard, leaf: str) -> int:
    """Return how many values of a column are null: of the footer where it says so, else of the pages' levels.

    Where neither says so, as with compressed pages or in lists, the column is read.
    """
    metadata = shard.footer.metadata
    number = next(n for n in range(metadata.num_columns) if metadata.schema.column(n).path == leaf)
    column = metadata.schema.column(number)
    nulls: list[int | None] = [None]
    if not column.max_repetition_level:  # in a list, an empty one would count as a null
        with shard.path.open("rb", buffering=0) as file:
            chunks = (metadata.row_group(group).column(number) for group in range(metadata.num_row_groups))
            nulls = [_nulls_of(chunk, cast(BinaryIO, file), column.max_definition_level) for chunk in chunks]
    if None in nulls:
        return sum(values.null_count for values in _values(shard.path, leaf, PICTURES_A_BATCH))
    return sum(filter(None, nulls))


def _nulls_of(chunk: pq.ColumnChunkMetaData, file: BinaryIO, max_level: int) -> int | None:
    statistics = chunk.statistics
    if statistics is not None and statistics.has_null_count:
        return int(statistics.null_count)
    return count_nulls(file, chunk, max_level)


def _values(path: Path, leaf: str, batch: int) -> Iterator[pa.Array]:
    """Yield the values of a leaf column, in batches, with a null for each row or list entry that has none."""
    with pa.OSFile(os.fspath(path)) as source, pq.ParquetFile(source, buffer_size=BUFFER, pre_buffer=False) as parquet:
        for records in parquet.iter_batches(batch, columns=[leaf], use_threads=False):
            array: pa.Array = records.column(0)
            while pa.types.is_nested(array.type):
                array = array.flatten() if _is_list(array.type) else pc.struct_field(array, 0)
            yield array


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def group_findings(footers: Iterable[tuple[str, Footer]]) -> Iterator[Finding]:
    """Yield the files that are read as one table and whose columns or features are not those of the first."""
    first_name, first = "", None
    for name, footer in footers:
        if first is None:
            first_name, first = name, footer
        elif not footer.schema.equals(first.schema, check_metadata=False):
            message = f"columns are not those of {quote(first_name)}: {_difference(footer, first)}"
            yield FEATURES_DISAGREE.at(name, message)
        elif footer.features != first.features:
            yield FEATURES_DISAGREE.at(name, f"features are not those of {quote(first_name)}")


def _difference(footer: Footer, first: Footer) -> str:
    here, there = ({field.name: field.type for field in of.schema} for of in (footer, first))
    for name in [*here, *there]:
        if here.get(name) != there.get(name):
            return f"{quote(name)} is {here.get(name, 'missing')}, expected {there.get(name, 'no such column')}"
    return "they have another order"
