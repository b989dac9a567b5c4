"""What the footer of a Parquet file says: rows, bytes, columns, row groups, and the features that `datasets` wrote.

In goes the path of a file; out comes a Footer. Only the end of the file is read, however large it is, and no message
names the path, so that whoever publishes it names no folder of a machine.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# The footer of a shard takes some 200 bytes a column and row group; a larger one is no footer of an image dataset.
LARGEST_FOOTER = 256 * 2**20


@dataclass(frozen=True)
class Footer:
    """What a Parquet file says of itself.

    `rows` is the number of rows, `num_bytes` what they take uncompressed (the `num_bytes` of `dataset_info`), `size`
    that of the file. `features` are those that `datasets` embeds, as JSON has them: None where there are none, and
    `features_problem` says why where they cannot be read.
    """

    rows: int
    num_bytes: int
    size: int
    features: dict[str, Any] | None
    features_problem: str | None
    schema: pa.Schema
    metadata: pq.FileMetaData


def read_footer(path: Path) -> Footer:
    """Read the footer of a Parquet file. Raises ValueError that says, without the path, why it cannot be read."""
    try:
        size = size_of(path)
        refuse_giant_footer(path, size)
        with pa.OSFile(os.fspath(path)) as source, pq.ParquetFile(source) as parquet:
            metadata, schema = parquet.metadata, parquet.schema_arrow
            num_bytes = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    except (pa.ArrowException, UnicodeError, MemoryError):
        raise ValueError("is damaged: its footer is no footer of Parquet") from None
    except OSError as error:
        why = (
            f"cannot be opened ({error.strerror})"
            if error.strerror
            else "is damaged: its footer is no footer of Parquet"
        )
        raise ValueError(why) from None
    features, problem = _features(schema.metadata or {})
    return Footer(metadata.num_rows, num_bytes, size, features, problem, schema, metadata)


def size_of(path: Path) -> int:
    """Return the size of a regular file in bytes. Raises ValueError for anything else: a pipe waits for ever."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("is not a regular file")
    return status.st_size


def refuse_giant_footer(path: Path, size: int) -> None:
    """Raise ValueError where the ends of a file are not those of Parquet, or its footer is too large to be read."""
    if size < 12:
        raise ValueError(f"has {size} bytes, and the shortest Parquet file has 12")
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(-8, os.SEEK_END)
        end = file.read(8)
    if start != b"PAR1" or end[4:] != b"PAR1":
        raise ValueError("is not whole: a Parquet file begins and ends with PAR1")
    length = int.from_bytes(end[:4], "little")
    if length > min(size - 12, LARGEST_FOOTER):
        raise ValueError(f"is damaged: it has {size:,} bytes, and its footer is said to have {length:,}")


def _features(metadata: dict[bytes, bytes]) -> tuple[dict[str, Any] | None, str | None]:
    """Return the features that `datasets` embeds under the key 'huggingface', and why they cannot be read."""
    text = metadata.get(b"huggingface")
    if text is None:
        return None, None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, f"is not JSON ({type(error).__name__})"
    info = document.get("info") if isinstance(document, dict) else None
    features = info.get("features") if isinstance(info, dict) else None
    if features is None:
        return None, None
    return (features, None) if isinstance(features, dict) else (None, "has features that are no mapping")
