"""From the files of a config to Parquet shards; those that stand on disk and are proven are kept as they are.

In goes an index (rows without images) and the raw folder; out come shards whose image bytes are the files' own, and
what is wrong with any image that was read. With a manifest, a shard is built only if it is not recorded there with the
fingerprint that its rows and images give now. Same input, same bytes, whatever was there before.
"""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from DiffusionFER import SPLITS, Index
from tools.check.findings import Finding
from tools.check.images.content import image_findings
from tools.publish.manifest import Manifest, Record
from tools.publish.shard_build import Built, Job, build_here, refused
from tools.publish.shard_plan import PlannedShard, ShardError, plan_shards
from tools.publish.shard_schema import schema_of
from tools.publish.shard_write import PARTIAL, Inspect, sync_folder

__all__ = ["SHARD_NAME", "Inspect", "Shard", "ShardError", "build_shards", "built_shards", "proven_shards", "schema_of"]

# Builds jobs, and gives each back with what came out, as they are done.
Make = Callable[[Iterator[Job]], Iterator[tuple[Job, Built]]]
SHARD_NAME = re.compile(rf"({'|'.join(SPLITS)})-\d{{5}}\.parquet({re.escape(PARTIAL)})?")


@dataclass(frozen=True)
class Shard:
    """A Parquet file: its path in the repository, where it is, and what it holds. Sizes in bytes.

    `num_bytes` is the size of its columns, not compressed; `built` says whether it was built now: otherwise an earlier
    run did, and it was not read; `here`, whether the file is there: otherwise the Hub has it; `sound`, whether there is
    no error in its images.
    """

    config: str
    split: str
    path: str
    file: Path
    rows: int
    size: int
    sha256: str
    num_bytes: int
    built: bool = True
    here: bool = True
    sound: bool = True


def build_shards(
    config: str,
    index: Index | Callable[[], Index],
    folder: Path,
    *,
    max_shard_size: int,
    workers: int = 1,
    inspect: Inspect = image_findings,
    advance: Callable[[int], object] = lambda images: None,
    manifest: Manifest | None = None,
    plan: Sequence[PlannedShard] | None = None,
    there: Container[str] = (),
    make: Make | None = None,
    before: Callable[[PlannedShard], object] = lambda shard: None,
    after: Callable[[Shard], object] = lambda shard: None,
) -> tuple[list[Shard], list[Finding]]:
    """Write the shards of a config to `folder`/config/split-NNNNN.parquet; return them and what is wrong with images.

    `max_shard_size` is in bytes; `advance` is told how many more images are done. With any finding the shards are of no
    use, but every image has been looked at. With a manifest, shards that it proves are kept and their images not looked
    at; without one, all are built. `plan` is what `plan_shards` gave for the same arguments, where it is known already:
    then `index` may be a function that reads it, called when a shard is to be built. `there` are the sha256 of what the
    Hub has, of which no file need be here. `make` builds the shards, by default in threads of this process, so many as
    there are `workers`. `before` is called with each shard that is to be built, `after` with each that stands, in this
    thread.

    Raises ShardError where an image does not fit into a shard or the disk does not take it, and ManifestError.
    """
    read = functools.cache(index) if callable(index) else lambda: index
    planned = plan_shards(config, read(), max_shard_size=max_shard_size) if plan is None else plan
    prepare(config, planned, folder, manifest)
    shards = proven_shards(planned, folder, manifest, there) if manifest else {}
    for shard in shards.values():
        advance(shard.rows)
        after(shard)

    def jobs() -> Iterator[Job]:
        for split, of_split in itertools.groupby(planned, lambda shard: shard.split):
            places = None
            for shard in of_split:
                if shard.path in shards:
                    continue
                before(shard)
                table, folder = read().table, read().folder
                if places is None:  # nobody needs those of a split that is kept whole
                    places = np.flatnonzero(pc.equal(table["split"], split).to_numpy())
                if manifest:
                    manifest.begin(shard.path)
                # The rows of this shard alone: those of a split would be as large as the index, and travel with each.
                rows = table.take(pa.array(places[shard.start : shard.start + shard.rows]))
                yield Job(shard, rows, folder, max_shard_size)

    findings: list[Finding] = []
    make = make or functools.partial(build_here, folder=folder, workers=workers, inspect=inspect, advance=advance)
    for job, built in make(jobs()):
        findings += built.findings
        shard = _finish(job.shard, built, folder, manifest)
        shards[shard.path] = shard
        after(shard)
    return [shards[shard.path] for shard in planned], findings


def prepare(config: str, planned: Iterable[PlannedShard], folder: Path, manifest: Manifest | None) -> None:
    """Make the folder of a config, and remove from it the shards that are no longer planned. Raises ShardError."""
    target, paths = folder / config, [shard.path for shard in planned]
    try:
        target.mkdir(parents=True, exist_ok=True)
        _remove_others(target, {folder / path for path in paths})
    except OSError as error:
        raise refused(target, error) from None
    if manifest:
        manifest.keep_only(config, paths)


def proven_shards(
    planned: Iterable[PlannedShard], folder: Path, manifest: Manifest, there: Container[str] = ()
) -> dict[str, Shard]:
    """Return the shards, by path, that need not be built: the manifest proves them, and they stand here or are `there`.

    A file is known by its size and its time; whoever changes one and keeps both is found when it is sent.
    """
    proven = {}
    for shard, record in recorded(planned, manifest):
        file = folder / shard.path
        if (here := _stands(file, record)) or record.sha256 in there:
            proven[shard.path] = _shard(shard, file, record, built=False, here=here)
    return proven


def recorded(planned: Iterable[PlannedShard], manifest: Manifest) -> list[tuple[PlannedShard, Record]]:
    """Return the shards that were built from just what they would be built from now, wherever they are."""
    planned, records = list(planned), dict[str, Record]()
    for config in {shard.config for shard in planned}:
        records |= manifest.shards(config)
    pairs = ((shard, records.get(shard.path)) for shard in planned)
    return [(shard, record) for shard, record in pairs if record and record.fingerprint == shard.fingerprint]


def built_shards(config: str, folder: Path) -> list[tuple[str, Path]]:
    """Return the finished shards of a config that lie in `folder`, as (split, file), in order; none where none do."""
    found = sorted((folder / config).glob("*.parquet"))
    return [(match[1], file) for file in found if (match := SHARD_NAME.fullmatch(file.name)) and file.is_file()]


def _finish(shard: PlannedShard, built: Built, folder: Path, manifest: Manifest | None) -> Shard:
    """Record a shard that was built, unless there is an error in one of its images."""
    file, mtime_ns = folder / shard.path, built.mtime_ns
    if built.content is not None:
        mtime_ns = _write(file, built.content)
    elif built.sent:
        file.unlink(missing_ok=True)  # of an earlier run, and other than what was sent
    record = Record(shard.fingerprint, shard.rows, built.size, built.sha256, mtime_ns, built.num_bytes)
    if manifest and built.is_sound:
        manifest.record(shard.path, record)
    return _shard(shard, file, record, built=True, here=not built.sent, sound=built.is_sound)


def _shard(shard: PlannedShard, file: Path, record: Record, *, built: bool, here: bool, sound: bool = True) -> Shard:
    facts = (record.rows, record.size, record.sha256, record.num_bytes)
    return Shard(shard.config, shard.split, shard.path, file, *facts, built=built, here=here, sound=sound)


def _write(file: Path, content: bytes) -> int:
    """Write a shard that came from another machine; return its time."""
    partial = file.with_name(file.name + PARTIAL)
    try:
        with partial.open("wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        partial.replace(file)
        sync_folder(file.parent)
        return file.stat().st_mtime_ns
    except OSError as error:
        raise refused(file, error) from None


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
