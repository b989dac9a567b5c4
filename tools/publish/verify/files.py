"""What the listing and the footers of a published revision say, before any row of it is read.

In go a mirror of the commit and its listing; out come the shards that can be read, by config and split, and the
differences of files: those that should not be there, those that should be, and those that are not as they should be.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from datasets import Features

from DiffusionFER import FEATURES, SPLITS, SUBSETS, Index
from tools.check.repo.footers import read_footer, refuse_giant_footer
from tools.check.repo.probe import fatal_files
from tools.check.repo.shards import group_findings
from tools.publish.manifest import NAME, Manifest, Record
from tools.publish.plan import Local, Remote, make_plan
from tools.publish.shards import SHARD_NAME, built_shards, schema_of
from tools.publish.verify.reads import Mirror, Unreadable
from tools.publish.verify.result import Difference, Expected
from tools.publish.verify.shards import PublishedShard

Item = TypeVar("Item")
Result = TypeVar("Result")
# The card of a large dataset has 50 KB; what has this many bytes is none.
LARGEST_TEXT = 16 * 2**20
HASH_BLOCK = 2**20

Split = tuple[str, str]  # a config and a split of it


def in_parallel(job: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield what a job returns for each item, in their order, with few more results at hand than are asked for."""
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(job, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def split_of(path: str) -> Split | None:
    """Return the config and the split of a shard by its path, None for what is no path of a shard."""
    folder, _, name = path.rpartition("/")
    match = SHARD_NAME.fullmatch(name) if name.endswith(".parquet") and folder in SUBSETS else None
    return (folder, match[1]) if match else None


def belongs(path: str, configs: Sequence[str]) -> bool:
    """Say whether a path is looked at where only some configs are; none named are all."""
    folder = path.partition("/")[0]
    return not configs or folder in configs or folder not in SUBSETS


def read_text(mirror: Mirror, name: str) -> bytes | Difference:
    """Return the content of a small file, or the difference that there is none."""
    if name not in mirror.sizes:
        return Difference(name, "missing", "every publication has one")
    if mirror.sizes[name] > LARGEST_TEXT:
        return Difference(name, "unreadable", f"it has {mirror.sizes[name]:,} bytes, expected at most {LARGEST_TEXT:,}")
    try:
        return mirror.whole(name)
    except Unreadable as error:
        return Difference(name, "unreadable", f"it {error}")


def read_shards(mirror: Mirror, paths: Iterable[str], workers: int) -> tuple[list[PublishedShard], list[Difference]]:
    """Fetch the footers of shards; return those that can be read, in the order of their rows, and why others cannot.

    What cannot be read is emptied in the mirror, so that nobody else reads it either. Raises HubError.
    """

    def fetch(path: str) -> tuple[str, int | None, str]:
        try:
            start = mirror.footer(path)
            refuse_giant_footer(mirror.path(path), mirror.sizes[path])
            return path, start, ""
        except (Unreadable, ValueError) as error:
            return path, None, str(error)

    fetched = list(in_parallel(fetch, paths, workers))
    fatal = fatal_files([mirror.path(path) for path, start, _ in fetched if start is not None])
    shards, found = [], []
    for path, start, why in fetched:
        place = split_of(path)
        reason = why or fatal.get(mirror.path(path), "")
        if not reason and place and start is not None:
            try:
                shards.append(PublishedShard(path, *place, read_footer(mirror.path(path)), start))
                continue
            except ValueError as error:
                reason = str(error)
        mirror.empty(path)
        found.append(Difference(path, "unreadable", f"Parquet file {reason}"))
    order = list(SUBSETS), list(SPLITS)
    shards.sort(key=lambda shard: (order[0].index(shard.config), order[1].index(shard.split), shard.path))
    return shards, found


def by_config(shards: Iterable[PublishedShard]) -> dict[str, dict[str, list[PublishedShard]]]:
    """Return shards by config and split."""
    found: dict[str, dict[str, list[PublishedShard]]] = {}
    for shard in shards:
        found.setdefault(shard.config, {}).setdefault(shard.split, []).append(shard)
    return found


def name_differences(paths: Collection[str], configs: Sequence[str]) -> Iterator[Difference]:
    """Yield Parquet files with names that no push writes, and those that a numbering leaves out."""
    numbers: dict[Split, set[int]] = {}
    for path in paths:
        if not belongs(path, configs) or not path.endswith(".parquet"):
            continue
        if place := split_of(path):
            numbers.setdefault(place, set()).add(int(path[-len("00000.parquet") : -len(".parquet")]))
        elif path.rpartition("/")[0] in SUBSETS:
            yield Difference(path, "extra", "no push writes a file of this name")
    for (config, split), found in numbers.items():
        for number in sorted(set(range(max(found))) - found):
            yield Difference(
                f"{config}/{split}-{number:05d}.parquet", "missing", "shards with higher numbers are there"
            )


def schema_differences(
    shards: Mapping[str, Mapping[str, list[PublishedShard]]], indices: Mapping[str, Index]
) -> Iterator[Difference]:
    """Yield shards with other columns or features than the first of their config, or than the raw data has."""
    for config, splits in shards.items():
        every = [shard for of in splits.values() for shard in of]
        for finding in group_findings((shard.path, shard.footer) for shard in every):
            yield Difference(finding.file, "different", finding.message)
        for shard in every:
            yield from _features(shard, config if config in indices else None)


def _features(shard: PublishedShard, config: str | None) -> Iterator[Difference]:
    if problem := shard.footer.features_problem or ("are missing" if shard.footer.features is None else None):
        yield Difference(shard.path, "different", f"the features in its footer: {problem}")
        return
    try:
        features = Features.from_dict(dict(shard.footer.features or {}))
    except Exception as error:  # it raises what its parts raise
        why = f"the features in its footer cannot be read by datasets ({type(error).__name__})"
        yield Difference(shard.path, "different", why)
        return
    if config is None:
        return
    if not shard.footer.schema.equals(wanted := schema_of(config), check_metadata=False):
        here, there = ({field.name: field.type for field in of} for of in (shard.footer.schema, wanted))
        odd = sorted(name for name in {*here, *there} if here.get(name) != there.get(name)) or ["their order"]
        yield Difference(shard.path, "different", f"columns are not those of the raw data: {', '.join(odd)}")
    elif features != FEATURES[SUBSETS[config].kind]:
        yield Difference(shard.path, "different", "features in its footer are not those of the raw data")


def split_differences(
    shards: Mapping[str, Mapping[str, list[PublishedShard]]], lost: Collection[Split], indices: Mapping[str, Index]
) -> Iterator[Difference]:
    """Yield splits of the raw data that have no shard, and shards of splits that the raw data has not."""
    for config, index in indices.items():
        splits = index.splits()
        for split in splits:
            if split not in shards.get(config, {}) and (config, split) not in lost:
                rows = index.rows(split).num_rows
                yield Difference(
                    f"{config}/{split}-*.parquet", "missing", f"no shard, and the raw data has {rows:,} rows"
                )
        for split, of in shards.get(config, {}).items():
            if split not in splits:
                for shard in of:
                    yield Difference(shard.path, "extra", f"the raw data has no row in split {split}")


def expected_differences(
    expected: Iterable[Expected], listed: Mapping[str, Remote], rows: Mapping[str, int]
) -> Iterator[Difference]:
    """Yield shards that are not there, are not as expected, or are there besides; `rows` are those of the footers."""
    wanted = {shard.path: shard for shard in expected}
    configs = {path.partition("/")[0] for path in wanted}
    # Without a git blob id, for a shard lies in LFS, where its sha256 counts.
    plan = make_plan({path: Local(of.size, "", of.sha256) for path, of in wanted.items()}, listed, configs)
    for path in plan.add:
        shard = wanted[path]
        yield Difference(path, "missing", f"expected {shard.size:,} bytes with {shard.rows:,} rows")
    for path in plan.delete:
        yield Difference(path, "extra", "it is not among the shards that are expected")
    for path in plan.replace:
        shard, remote = wanted[path], listed[path]
        if shard.size != remote.size:
            yield Difference(path, "different", f"it has {remote.size:,} bytes, expected {shard.size:,}")
        else:
            listed_as = f"sha256 {remote.sha256}" if remote.sha256 else "no sha256 in the listing, as it is not in LFS"
            yield Difference(path, "different", f"it has {listed_as}, expected {shard.sha256}")
    for path, shard in wanted.items():
        if path in rows and rows[path] != shard.rows:
            yield Difference(path, "different", f"its footer has {rows[path]:,} rows, expected {shard.rows:,}")


def expected_shards(work_dir: Path) -> Iterator[Expected]:
    """Yield the shards that were built in a work directory, by config, with their hashes and rows.

    Those that lie there are read; of those that were sent and dropped, the manifest says what they were. Raises
    ValueError, with the name, for one that cannot be read, and ManifestError.
    """
    dropped: dict[str, dict[str, Record]] = {}
    if (work_dir / NAME).is_file():
        with Manifest(work_dir, begins=False) as manifest:
            dropped = {config: manifest.shards(config) for config in SUBSETS}
    for config in SUBSETS:
        for _, file in built_shards(config, work_dir / "shards"):
            path = f"{config}/{file.name}"
            dropped.get(config, {}).pop(path, None)
            try:
                footer = read_footer(file)
            except ValueError as error:
                raise ValueError(f"{file} {error}") from None
            digest = hashlib.sha256()
            with file.open("rb") as opened:
                while block := opened.read(HASH_BLOCK):
                    digest.update(block)
            yield Expected(path, footer.size, digest.hexdigest(), footer.rows)
        for path, record in dropped.get(config, {}).items():
            yield Expected(path, record.size, record.sha256, record.rows)
