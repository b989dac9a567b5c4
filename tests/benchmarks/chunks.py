"""`python tests/benchmarks/chunks.py`: how much of the shards the Hub has to take anew after rows were inserted.

The Hub's store, Xet, cuts each file into chunks of about 64 KB where its content says so and keeps a chunk once. Shards
are built from 1,490 images and from the same with 10 rows more at the front; printed is how many bytes of the second
are in chunks that the first did not have: with our options, and with what they could be instead.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

if __package__ in (None, ""):  # run as a script
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

import numpy as np
import numpy.typing as npt

from DiffusionFER import Index, read_index
from tests.benchmarks.material import CACHE, CONFIG, RAW, make
from tools.publish import shard_write, shards

# https://huggingface.co/docs/xet/chunking; the table is any 256 random numbers, and 32 bits of the hash, which hold the
# last 32 bytes, give a cut the same chance as Xet's 64.
MIN_CHUNK, MAX_CHUNK = 8 * 1024, 128 * 1024
MASK = np.uint32(0xFFFF0000)
WINDOW = 32
TABLE = np.frombuffer(np.random.default_rng(0).bytes(256 * 4), np.uint32)
BLOCK = 2**18  # bytes at a time, so that what is worked on stays in the processor's cache

INSERTED = 10
MAX_SHARD_SIZE = 500 * 10**6
ARROW_PAGE, ARROW_BATCH = 2**20, 1024  # the defaults of pyarrow
CURRENT = {name: getattr(shard_write, name) for name in ("CHUNKING", "PAGE_BYTES", "VALUES_A_BATCH")}
OPTIONS: dict[str, dict[str, Any]] = {
    "ours": {},
    "content-defined, pages of pyarrow": {"PAGE_BYTES": ARROW_PAGE, "VALUES_A_BATCH": ARROW_BATCH},
    "pages of pyarrow, not content-defined": {
        "PAGE_BYTES": ARROW_PAGE,
        "VALUES_A_BATCH": ARROW_BATCH,
        "CHUNKING": False,
    },
}


def candidates(content: npt.NDArray[np.uint8]) -> Iterator[int]:
    """Yield where a chunk may end: the offsets behind which the gear hash of the last 32 bytes has no bit of MASK.

    The hash is h = 2h + TABLE[byte] for byte after byte; here each step doubles the number of bytes that it spans.
    """
    for start in range(0, len(content), BLOCK):
        before = min(start, WINDOW - 1)
        hashes = TABLE[content[start - before : start + BLOCK]]
        span = 1
        while span < WINDOW:
            hashes[span:] += hashes[:-span] << np.uint32(span)
            span *= 2
        yield from (np.flatnonzero((hashes[before:] & MASK) == 0) + start + 1).tolist()


def chunks(content: npt.NDArray[np.uint8]) -> Iterator[tuple[bytes, int]]:
    """Yield the hash and the length of each chunk of a file, cut as Xet does."""
    start = 0
    for end in [*candidates(content), len(content)]:
        while end - start > MAX_CHUNK:
            yield _chunk(content, start, start + MAX_CHUNK)
            start += MAX_CHUNK
        if end - start >= MIN_CHUNK or (end == len(content) > start):
            yield _chunk(content, start, end)
            start = end


def _chunk(content: npt.NDArray[np.uint8], start: int, end: int) -> tuple[bytes, int]:
    return hashlib.sha256(content[start:end].data).digest(), end - start


def chunks_of(files: list[Path]) -> dict[bytes, int]:
    """Return the chunks of files, hash to length."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda file: dict(chunks(np.memmap(file, np.uint8, "r"))), files)
        return {digest: length for of_file in found for digest, length in of_file.items()}


def build(index: Index, folder: Path, options: dict[str, Any]) -> tuple[dict[bytes, int], int]:
    """Build shards; return their chunks and their size."""
    with mock.patch.multiple(shard_write, **{**CURRENT, **options}):
        built, _ = shards.build_shards(
            CONFIG, index, folder, max_shard_size=MAX_SHARD_SIZE, workers=2, inspect=lambda *_: []
        )
    return chunks_of([shard.file for shard in built]), sum(shard.size for shard in built)


def main() -> None:
    """Print a line for each set of options."""
    make()
    after = read_index(CONFIG, str(RAW))
    before = Index(after.table.slice(INSERTED), after.folder)
    print(f"{before.table.num_rows:,} images, then {INSERTED} more at the front\n")
    print(f"{'pages':40}{'MB':>8}{'chunk KB':>10}{'new MB':>9}{'new %':>8}{'seconds':>9}", flush=True)
    for name, options in OPTIONS.items():
        begun = time.perf_counter()
        with tempfile.TemporaryDirectory(dir=CACHE, prefix="run-") as folder:
            had, _ = build(before, Path(folder) / "before", options)
            got, size = build(after, Path(folder) / "after", options)
        new = sum(length for digest, length in got.items() if digest not in had)
        average = size / len(got) / 1024
        seconds = time.perf_counter() - begun
        columns = f"{size / 10**6:8,.0f}{average:10.0f}{new / 10**6:9.1f}{new / size:8.1%}{seconds:9.1f}"
        print(f"{name:40}{columns}", flush=True)


if __name__ == "__main__":
    main()
