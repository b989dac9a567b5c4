"""One shard, built in whatever process: the same code for the threads of this one, for others and for a cluster.

In goes a job, which holds everything but the images and can be sent anywhere; out come the file and what is known of
it. Nothing here writes to the manifest or speaks to the Hub.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import REMOTE_AT_A_TIME, RawFolder, is_remote
from tools.check.findings import Finding
from tools.check.images.content import image_findings
from tools.check.images.proven import Proven, default_location
from tools.publish.shard_plan import PlannedShard, ShardError
from tools.publish.shard_write import PARTIAL, Inspect, Reader, cut_by_content, write_shard


@dataclass(frozen=True)
class Job:
    """A shard to build: `rows` are its own, as an index has them, `folder` is where their images are.

    `max_shard_size` is what the file may have in bytes.
    """

    shard: PlannedShard
    rows: pa.Table
    folder: RawFolder
    max_shard_size: int


@dataclass(frozen=True)
class Built:
    """What came out: the size of the file in bytes, its sha256, its time, and the size of its columns, see Record.

    `findings` say what is wrong with its images. Where it was built on another machine, `content` is the file, or it
    was `sent` from there to the Hub, with `traffic` as the bytes that were sent and those that were there.
    """

    size: int
    sha256: str
    mtime_ns: int
    num_bytes: int
    findings: list[Finding]
    content: bytes | None = field(default=None, repr=False)
    sent: bool = False
    traffic: tuple[int, int] = (0, 0)

    @property
    def is_sound(self) -> bool:
        """Say whether there is no error in its images."""
        return not any(finding.severity == "error" for finding in self.findings)


class _Inline(Executor):
    """Does each job at once, where it is given: the pool of a process that is to use one core."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Pools:
    """Where a process reads images, and where it hashes what it writes and sees to the disk."""

    reading: Executor
    helping: Executor


@contextmanager
def pools(workers: int) -> Iterator[Pools]:
    """Yield the pools for so many cores: with one, everything is done in the thread that asks for it."""
    if workers == 1:
        yield Pools(_Inline(), _Inline())
        return
    with ThreadPoolExecutor(workers, "read") as reading, ThreadPoolExecutor(2, "hash") as helping:
        yield Pools(reading, helping)


def build(
    job: Job,
    file: Path,
    using: Pools,
    inspect: Inspect = image_findings,
    advance: Callable[[int], object] = lambda images: None,
) -> Built:
    """Write a shard to `file`, whose folder must be there. `advance` is told how many more images are done.

    With any finding the file is of no use, but every image has been looked at. Raises ShardError where the disk does
    not take it, or it is larger than allowed.
    """
    shard = job.shard
    reader = Reader(shard.config, job.folder, using.reading, inspect, advance)
    groups = [(start - shard.start, stop - shard.start) for start, stop in shard.groups]
    sizes = shard.sizes.tolist()
    try:
        digest = write_shard(
            file,
            reader.schema,
            reader.tables(job.rows, sizes, shard.stamps.to_pylist(), groups),
            using.helping,
            cut_by_content(job.rows, sizes, groups),
        )
        state = file.stat()
        footer = pq.read_metadata(file)
    except OSError as error:
        with suppress(OSError):  # what is half written would take the room that is missing
            file.with_name(file.name + PARTIAL).unlink()
        raise refused(file, error) from None
    if state.st_size > job.max_shard_size:
        message = f"{shard.path} has {state.st_size:,} bytes, and a shard may have {job.max_shard_size:,}: allow more"
        raise ShardError(message)
    num_bytes = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
    return Built(state.st_size, digest, state.st_mtime_ns, num_bytes, reader.findings)


def readers(cores: int, data_dir: Path | str) -> int:
    """Return how many threads read images: from a remote tree, which is waited for, more than there are cores."""
    return max(cores, REMOTE_AT_A_TIME) if is_remote(data_dir) else cores


def build_here(
    jobs: Iterable[Job],
    folder: Path,
    workers: int,
    inspect: Inspect = image_findings,
    advance: Callable[[int], object] = lambda images: None,
) -> Iterator[tuple[Job, Built]]:
    """Build one shard after another below `folder`, each with all workers; the next is asked for when one is done."""
    with pools(workers) as using:
        for job in jobs:
            yield job, build(job, folder / job.shard.path, using, inspect, advance)


def build_alone(job: Job, folder: Path) -> Built:
    """Build a shard below `folder` in a process that has one core for it, as a job of an engine."""
    with pools(readers(1, job.folder.data_dir)) as using:
        return build(job, folder / job.shard.path, using, proven_here())


@functools.cache
def proven_here() -> Inspect:
    """Return how this process looks at images: what its machine has proven is known by its bytes."""
    proven = Proven.open(default_location())  # as long as the process: it is only read
    return functools.partial(image_findings, proven=proven.knows)


def refused(file: Path, error: OSError) -> ShardError:
    """Return what to say where the disk does not take a file."""
    reason = os.strerror(error.errno) if error.errno else str(error)  # pyarrow's own text is of many lines
    return ShardError(f"{file} cannot be written ({reason}): see to the disk, or give another --work-dir")
