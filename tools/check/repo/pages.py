"""Counts the nulls of a Parquet column without its values, for files whose footers do not count them.

In goes a column chunk of a file; out comes a number. Of each page only the header and the definition levels are read,
some bytes before the values, so that a shard of pictures costs a short read a page and next to no memory. pyarrow has
no way to these; the layout is that of parquet-format: parquet.thrift (PageHeader), Encodings.md (RLE / bit-packed
hybrid) and, for the headers, Thrift's compact protocol.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import pyarrow.parquet as pq

HEADER_BYTES = 256  # of a page without statistics some 20 are in use
LARGEST_HEADER = 2**16
DATA_PAGE, DATA_PAGE_V2 = 0, 3
# Fields of PageHeader, DataPageHeader and DataPageHeaderV2.
TYPE, PAGE_SIZE, V1, V2 = 1, 3, 5, 8
NUM_VALUES, NUM_NULLS = 1, 2


def count_nulls(file: BinaryIO, chunk: pq.ColumnChunkMetaData, max_level: int) -> int | None:
    """Return how many values of a column chunk are null; None where that cannot be told without the values.

    `file` is open without a buffer, which would read more; `max_level` is the definition level of a value that is
    there, in a column outside any list. It cannot be told where pages are compressed as a whole, or where they are not
    as the format has them.
    """
    position = min(filter(None, (chunk.data_page_offset, chunk.dictionary_page_offset)))
    end, seen, nulls = position + chunk.total_compressed_size, 0, 0
    try:
        while seen < chunk.num_values and position < end:
            header, length = _page_header(file, position)
            start = position + length
            if header[TYPE] == DATA_PAGE_V2:
                values, missing = header[V2][NUM_VALUES], header[V2][NUM_NULLS]
            elif header[TYPE] == DATA_PAGE:
                if chunk.compression != "UNCOMPRESSED":
                    return None
                values = header[V1][NUM_VALUES]
                missing = values - _present(_levels(file, start, header[PAGE_SIZE]), values, max_level)
            else:
                values = missing = 0
            seen, nulls = seen + values, nulls + missing
            position = start + max(header[PAGE_SIZE], 0)
    except (IndexError, KeyError, TypeError, ValueError, OSError):
        return None
    return nulls if seen == chunk.num_values else None


def _read(file: BinaryIO, length: int, position: int) -> bytes:
    file.seek(position)
    return file.read(length)


def _page_header(file: BinaryIO, position: int) -> tuple[dict[int, Any], int]:
    """Return the header of a page and its length in bytes."""
    try:
        return _struct(_read(file, HEADER_BYTES, position), 0)
    except IndexError:  # it is longer
        return _struct(_read(file, LARGEST_HEADER, position), 0)


def _levels(file: BinaryIO, start: int, page_size: int) -> bytes:
    """Return the definition levels of a page: their length in four bytes, and they themselves."""
    length = int.from_bytes(_read(file, 4, start), "little")
    if length > page_size - 4:
        raise ValueError("levels longer than their page")
    return _read(file, length, start + 4)


def _present(levels: bytes, values: int, max_level: int) -> int:
    """Return how many of the first `values` levels are `max_level`."""
    width, position, seen, present = max_level.bit_length(), 0, 0, 0
    while seen < values:
        head, position = _varint(levels, position)
        if head & 1:  # groups of eight levels, packed
            size = (head >> 1) * width
            bits = np.unpackbits(np.frombuffer(levels[position : position + size], np.uint8), bitorder="little")
            unpacked = bits.reshape(-1, width) @ (1 << np.arange(width))
            present += int((unpacked[: values - seen] == max_level).sum())
            count = len(unpacked)
        else:  # one level, repeated
            size, count = (width + 7) // 8, head >> 1
            if int.from_bytes(levels[position : position + size], "little") == max_level:
                present += min(count, values - seen)
        if not count:
            raise ValueError("a run without levels")
        seen, position = seen + count, position + size
    return present


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position


def _integer(data: bytes, position: int) -> tuple[int, int]:
    value, position = _varint(data, position)
    return (value >> 1) ^ -(value & 1), position


def _struct(data: bytes, position: int, depth: int = 0) -> tuple[dict[int, Any], int]:
    """Return the integers and structs of a struct, by field, and where it ends; other fields are passed over."""
    if depth > 8:
        raise ValueError("structs too deep")
    found: dict[int, Any] = {}
    number = 0
    while head := data[position]:
        position += 1
        kind, delta = head & 0x0F, head >> 4
        if delta:
            number += delta
        else:
            number, position = _integer(data, position)
        if kind in (1, 2):  # true, false
            continue
        if kind == 3:
            position += 1
        elif kind in (4, 5, 6):
            found[number], position = _integer(data, position)
        elif kind == 7:
            position += 8
        elif kind == 8:
            length, position = _varint(data, position)
            position += length
        elif kind == 12:
            found[number], position = _struct(data, position, depth + 1)
        else:  # lists, sets and maps, which no header of a page has
            raise ValueError("a field of a kind that page headers do not have")
    return found, position + 1
