"""Whether what is published is what it should be: a revision against the raw data, against shards, or against itself.

In go a repository's name and what to compare it with; out come the differences, as data. Nobody needs a token for a
public repository. Sizes and hashes come from the listing, rows and columns by range requests, and images are downloaded
by a deep verification alone, which recomputes the sha256 of each.
"""

from __future__ import annotations

import functools
import itertools
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from DiffusionFER import SUBSETS, Index, read_index
from tools.check.configs import configs_with_data
from tools.check.repo.footers import Footer
from tools.describe.stamp import CARD, CROISSANT
from tools.publish.hub import DatasetRepository, Head
from tools.publish.retry import Retries, Say
from tools.publish.verify.card import card_differences
from tools.publish.verify.files import (
    Split,
    belongs,
    by_config,
    expected_differences,
    expected_shards,
    in_parallel,
    name_differences,
    read_shards,
    read_text,
    schema_differences,
    split_differences,
    split_of,
)
from tools.publish.verify.reads import Mirror, Reads, Unreadable
from tools.publish.verify.result import Difference, Expected, Verified, named
from tools.publish.verify.rows import SourceRows, as_rows, compare_split
from tools.publish.verify.shards import PublishedShard, hash_file, images_against_column, read_deeply, read_labels

__all__ = ["Difference", "Expected", "Verified", "expected_shards", "verify"]

Advance = Callable[[int], object]


def verify(
    repo_id: str,
    *,
    revision: str | None = None,
    data_dir: Path | str | None = None,
    expected: Iterable[Expected] | None = None,
    configs: Sequence[str] = (),
    deep: bool = False,
    workers: int = 4,
    say: Say = lambda line: None,
    advance: Advance = lambda images: None,
    retries: Retries | None = None,
) -> Verified:
    """Compare a published revision (default: main), pinned to its commit, with what is given, and with itself.

    `data_dir` holds the sheet and the pictures; `expected` are the shards that should be there, all of their configs.
    `configs` bounds what is read (default: all that are published). `advance` is told how many more images were hashed,
    here or there; `say` of every wait for the Hub.

    Raises HubError where the Hub does not give what is asked for, ValueError or FileNotFoundError for what is wrong
    with `data_dir` or the name of a config.
    """
    if unknown := [config for config in configs if config not in SUBSETS]:
        raise ValueError(f"config {unknown[0]!r} is none of {', '.join(SUBSETS)}")
    indices: dict[str, Index] = {}
    if data_dir is not None:
        indices = {config: read_index(config, str(data_dir)) for config in configs_with_data(configs, data_dir)}
    wanted = None if expected is None else [shard for shard in expected if belongs(shard.path, configs)]
    repository = DatasetRepository(repo_id, say, retries)
    head = repository.existing_head(revision)
    reads = Reads(repo_id, head.commit, head.files, say, retries)
    with tempfile.TemporaryDirectory(prefix="verify-") as folder:
        mirror = Mirror(Path(folder), head.files, reads)
        found = [Difference(path, "unreadable", problem) for path, problem in mirror.refused.items()]
        paths = [path for path in mirror.sizes if split_of(path) and belongs(path, configs)]
        shards, lost = read_shards(mirror, paths, workers)
        found += lost
        found += _files(mirror, shards, configs, indices, {_split(difference.path) for difference in lost})
        rows = {shard.path: shard.footer.rows for shard in shards}
        if wanted is not None:
            found += expected_differences(wanted, head.files, rows)
        images = 0
        if deep or indices:
            checked = _Rows(mirror, head, indices, deep, workers, advance)
            found += checked.differences(shards, {_split(difference.path) for difference in lost})
            images = checked.images
        if deep:
            others = [path for path in mirror.sizes if path not in rows and belongs(path, configs)]
            for differences in in_parallel(lambda path: _whole(mirror, path, head), others, workers):
                found += differences
    published = list(dict.fromkeys(shard.config for shard in shards))
    return Verified(
        repo_id=repo_id,
        endpoint=repository.endpoint,
        commit=head.commit,
        files=len(head.files),
        published_bytes=sum(remote.size for remote in head.files.values()),
        rows=sum(rows.values()),
        images=images,
        bytes_fetched=reads.fetched,
        compared=[config for config in published if config in indices],
        not_compared=[config for config in published if indices and config not in indices],
        differences=sorted(set(found)),  # what cannot be had may have been met with more than once
    )


def _split(path: str) -> Split:
    return split_of(path) or ("", "")


def _files(
    mirror: Mirror,
    shards: list[PublishedShard],
    configs: Sequence[str],
    indices: Mapping[str, Index],
    lost: Collection[Split],
) -> Iterator[Difference]:
    """Yield what names, card, Croissant and footers say against each other and against the raw data's splits."""
    yield from name_differences(mirror.sizes, configs)
    grouped = by_config(shards)
    texts: dict[str, bytes | None] = {}
    for name in (CARD, CROISSANT):
        text = read_text(mirror, name)
        texts[name] = text if isinstance(text, bytes) else None
        if isinstance(text, Difference):
            yield text
    # A config counts as whole where each of its shards could be read.
    footers: dict[str, Mapping[str, list[Footer]] | None] = dict.fromkeys(
        split[0] for path in mirror.sizes if (split := split_of(path))
    )
    broken = {config for config, _ in lost}
    for config, splits in grouped.items():
        if config not in broken:
            footers[config] = {split: [shard.footer for shard in of] for split, of in splits.items()}
    yield from card_differences(mirror, texts[CARD], texts[CROISSANT], footers)
    yield from schema_differences(grouped, indices)
    yield from split_differences(grouped, lost, indices)


def _all_read(found: list[Difference], whole: bool) -> bool:
    """Say whether no shard of a split is lost, neither its footer nor its pages."""
    return whole and all(difference.what != "unreadable" for difference in found)


def _whole(mirror: Mirror, path: str, head: Head) -> list[Difference]:
    try:
        return list(hash_file(mirror, path, head.files[path]))
    except Unreadable as error:
        return [Difference(path, "unreadable", f"it {error}")]


@dataclass
class _Read:
    """What was read of a shard: its rows without images, the sha256 of each image where it was deep, what is wrong."""

    shard: PublishedShard
    table: pa.Table | None
    digests: list[str] | None
    found: list[Difference]


class _Rows:
    """The part of a verification that reads rows; `images` counts those whose sha256 was recomputed."""

    def __init__(
        self,
        mirror: Mirror,
        head: Head,
        indices: Mapping[str, Index],
        deep: bool,
        workers: int,
        advance: Advance,
    ) -> None:
        self.images = 0
        self._mirror, self._head, self._indices, self._deep = mirror, head, indices, deep
        self._workers, self._advance = workers, advance

    def differences(self, shards: list[PublishedShard], lost: Collection[Split]) -> Iterator[Difference]:
        """Yield where the shards, in order, are not what their columns say, nor what the raw data has.

        Rows of the raw data that are not there are not looked for in a split of which shards are `lost`.
        """
        asked = [shard for shard in shards if self._deep or shard.config in self._indices]
        reads = in_parallel(self._read, asked, self._workers)
        for (config, split), group in itertools.groupby(reads, lambda read: (read.shard.config, read.shard.split)):
            found: list[Difference] = []
            tables = self._tables(group, found)
            index, whole = self._indices.get(config), (config, split) not in lost
            if index is None or split not in index.splits():
                for _ in tables:  # each read counts
                    pass
            else:
                source = SourceRows(
                    config, split, index, with_bytes=self._deep, workers=self._workers, advance=self._advance
                )
                yield from compare_split(source, tables, functools.partial(_all_read, found, whole))
            yield from found

    def _tables(self, reads: Iterable[_Read], found: list[Difference]) -> Iterator[tuple[str, pa.Table]]:
        for read in reads:
            self.images += len(read.digests or [])
            found += read.found
            self._mirror.empty(read.shard.path)
            if read.table is not None:
                yield read.shard.path, as_rows(read.table, read.digests)

    def _read(self, shard: PublishedShard) -> _Read:
        found: list[Difference] = []
        table = digests = None
        try:
            table = read_labels(self._mirror, shard)
            if self._deep:
                digests, found = read_deeply(self._mirror, shard, self._head.files[shard.path], self._advance)
                found += named(images_against_column(shard, table, digests))
        except Unreadable as error:
            found.append(Difference(shard.path, "unreadable", f"Parquet file {error}"))
        return _Read(shard, table, digests, found)
