"""From the files of a config to Parquet shards; those that stand on disk and are proven are kept as they are.

In goes an index (rows without images) and the raw folder; out come shards whose image bytes are the files' own, and
what is wrong with any image that was read. With a manifest, a shard is built only if it is not recorded there with the
fingerprint that its rows and images give now. Same input, same bytes, whatever was there before.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from DiffusionFER import SPLITS, Index
from tools.check.findings import Finding
from tools.check.images.content import image_findings
from tools.publish.manifest import Manifest, Record
from tools.publish.shard_plan import PlannedShard, ShardError, plan_shards
from tools.publish.shard_schema import schema_of
from tools.publish.shard_write import PARTIAL, Inspect, Reader, write_shard

__all__ = ["SHARD_NAME", "Inspect", "Shard", "ShardError", "build_shards", "built_shards", "proven_shards", "schema_of"]

SHARD_NAME = re.compile(rf"({'|'.join(SPLITS)})-\d{{5}}\.parquet({re.escape(PARTIAL)})?")


@dataclass(frozen=True)
class Shard:
    """A Parquet file: its path in the repository, where it is, and what it holds. Sizes in bytes.

    `built` says whether it was built now; otherwise an earlier run did, and it was not read.
    """

    config: str
    split: str
    path: str
    file: Path
    rows: int
    size: int
    sha256: str
    built: bool = True


def build_shards(
    config: str,
    index: Index,
    folder: Path,
    *,
    max_shard_size: int,
    workers: int,
    inspect: Inspect = image_findings,
    advance: Callable[[int], object] = lambda images: None,
    manifest: Manifest | None = None,
    plan: Sequence[PlannedShard] | None = None,
) -> tuple[list[Shard], list[Finding]]:
    """Write the shards of a config to `folder`/config/split-NNNNN.parquet; return them and what is wrong with images.

    `max_shard_size` is in bytes; `advance` is told how many more images are done. With any finding the shards are of no
    use, but every image has been looked at. With a manifest, shards that it proves are kept and their images not looked
    at; without one, all are built. `plan` is what `plan_shards` gave for the same arguments, where it is known already.
    Raises ShardError where an image does not fit into a shard or the disk does not take it, and ManifestError.
    """
    target = folder / config
    planned = plan_shards(config, index, max_shard_size=max_shard_size) if plan is None else plan
    proven = proven_shards(planned, folder, manifest) if manifest else {}
    try:
        target.mkdir(parents=True, exist_ok=True)
        _remove_others(target, {folder / shard.path for shard in planned})
    except OSError as error:
        raise _refused(target, error) from None
    if manifest:
        manifest.keep_only(config, [shard.path for shard in planned])
    shards: list[Shard] = []
    with ThreadPoolExecutor(workers, "read") as pool, ThreadPoolExecutor(2, "hash") as helpers:
        reader = Reader(config, index.folder, pool, inspect, advance)
        for split, of_split in itertools.groupby(planned, lambda shard: shard.split):
            rows = None
            for shard in of_split:
                if shard.path in proven:
                    shards.append(proven[shard.path])
                    advance(shard.rows)
                    continue
                rows = index.rows(split) if rows is None else rows  # nobody needs those of a split that is kept whole
                shards.append(_build(shard, rows, folder, max_shard_size, reader, helpers, manifest))
    return shards, reader.findings


def proven_shards(planned: Iterable[PlannedShard], folder: Path, manifest: Manifest) -> dict[str, Shard]:
    """Return the shards, by path, that need not be built, for the manifest proves them and their files stand there.

    A file is known by its size and its time; whoever changes one and keeps both is found when its content is verified.
    """
    planned, records = list(planned), dict[str, Record]()
    for config in {shard.config for shard in planned}:
        records |= manifest.shards(config)
    proven = {}
    for shard in planned:
        record, file = records.get(shard.path), folder / shard.path
        if record and record.fingerprint == shard.fingerprint and _stands(file, record):
            facts = (shard.path, file, record.rows, record.size, record.sha256)
            proven[shard.path] = Shard(shard.config, shard.split, *facts, built=False)
    return proven


def built_shards(config: str, folder: Path) -> list[tuple[str, Path]]:
    """Return the finished shards of a config that lie in `folder`, as (split, file), in order; none where none do."""
    found = sorted((folder / config).glob("*.parquet"))
    return [(match[1], file) for file in found if (match := SHARD_NAME.fullmatch(file.name)) and file.is_file()]


def _build(
    shard: PlannedShard,
    rows: pa.Table,
    folder: Path,
    max_shard_size: int,
    reader: Reader,
    helpers: ThreadPoolExecutor,
    manifest: Manifest | None,
) -> Shard:
    """Build a shard, and record it once it is on the disk, unless there is an error in one of its images."""
    file, found_before = folder / shard.path, len(reader.findings)
    if manifest:
        manifest.begin(shard.path)
    try:
        digest = write_shard(file, reader.schema, reader.tables(rows, shard.sizes.tolist(), shard.groups), helpers)
        state = file.stat()
    except OSError as error:
        with suppress(OSError):  # what is half written would take the room that is missing
            file.with_name(file.name + PARTIAL).unlink()
        raise _refused(file, error) from None
    if state.st_size > max_shard_size:
        message = f"{shard.path} has {state.st_size:,} bytes, and a shard may have {max_shard_size:,}: allow more"
        raise ShardError(message)
    if manifest and not any(finding.severity == "error" for finding in reader.findings[found_before:]):
        manifest.record(shard.path, Record(shard.fingerprint, shard.rows, state.st_size, digest, state.st_mtime_ns))
    return Shard(shard.config, shard.split, shard.path, file, shard.rows, state.st_size, digest)


def _stands(file: Path, record: Record) -> bool:
    try:
        state = file.stat()
    except OSError:
        return False
    return (state.st_size, state.st_mtime_ns) == (record.size, record.mtime_ns)


def _remove_others(target: Path, kept: set[Path]) -> None:
    """Remove the shards of an earlier run, and what it left half written; other files are not ours."""
    for file in target.iterdir():
        if file not in kept and SHARD_NAME.fullmatch(file.name):
            file.unlink()


def _refused(file: Path, error: OSError) -> ShardError:
    reason = os.strerror(error.errno) if error.errno else str(error)  # pyarrow's own text is of many lines
    return ShardError(f"{file} cannot be written ({reason}): see to the disk, or give another --work-dir")
