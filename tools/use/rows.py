"""The rows of a config wherever they are: a raw tree, a folder of Parquet files, or a dataset repository of the Hub.

In go a place and a config, and for a repository a revision; out come tables of the published columns without pictures,
and the bytes of single pictures for whoever asks for them. Of Parquet files only the columns that are asked for are
read, and from the Hub only their bytes come over the network.
"""

from __future__ import annotations

import functools
import os
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from DiffusionFER import FEATURES, SPLITS, SUBSETS, Index, RawFolder, is_remote, path_problem, read_index
from tools.check.repo.footers import read_footer
from tools.publish.hub import DatasetRepository
from tools.publish.retry import Say
from tools.publish.verify.files import read_shards, split_of
from tools.publish.verify.reads import Mirror, Reads, Unreadable
from tools.publish.verify.shards import PublishedShard, chunk_ranges

IMAGE = "image.bytes"
GROUPS_AT_HAND = 4  # row groups whose pictures are kept in memory: neighbours are asked for together


class Rows(ABC):
    """The rows of one config: `name` is the place as messages call it, `revision` the commit where there is one.

    `splits` holds the number of rows of each split, in their usual order.
    """

    def __init__(self, name: str, config: str, splits: Mapping[str, int], revision: str | None = None) -> None:
        self.name, self.config, self.revision = name, config, revision
        self.splits = {split: splits[split] for split in SPLITS if splits.get(split)}

    def table(self, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Return columns of a split, in the order of its rows (default: all but the image).

        Raises ValueError for a split or a column that is not there, HubError where the Hub does not give them.
        """
        if split not in self.splits:
            there = ", ".join(f"{name} ({rows:,} rows)" for name, rows in self.splits.items())
            raise ValueError(f"{self.name}: config {self.config} has no split {split!r}; it has {there or 'none'}")
        known = [name for name in FEATURES[SUBSETS[self.config].kind] if name != "image"]
        if unknown := [name for name in columns or () if name not in known]:
            raise ValueError(f"config {self.config} has no column {unknown[0]!r}; it has {', '.join(known)}")
        return self._table(split, list(columns or known))

    @abstractmethod
    def _table(self, split: str, columns: list[str]) -> pa.Table: ...

    @abstractmethod
    def picture(self, split: str, row: int) -> bytes:
        """Return the file of the picture of a row (from 0), byte for byte.

        Raises OSError or ValueError where it cannot be read, HubError where the Hub does not give it.
        """

    def names(self, split: str) -> list[str] | None:
        """Return the published file names of the pictures of a split, as `angry/aaaaaaaa_6.png`; None without files."""
        return None

    def file(self, split: str, row: int) -> Path | None:
        """Return the file of the picture of a row, links resolved; None where it is not one of this machine.

        Raises what `picture` raises.
        """
        return None


class RawRows(Rows):
    """A raw tree: the sheet, or the annotations, and the pictures beside them. `sha256` is what the sheet claims."""

    def __init__(self, config: str, data_dir: Path | str) -> None:
        self.index: Index = read_index(config, str(data_dir))
        self._rows = {split: self.index.rows(split) for split in self.index.splits()}
        self._real = functools.lru_cache(1000)(os.path.realpath)  # of the folders of pictures
        super().__init__(str(data_dir), config, {split: table.num_rows for split, table in self._rows.items()})

    def _table(self, split: str, columns: list[str]) -> pa.Table:
        rows = self._rows[split]
        there = {"sha256": "claimed_sha256"}
        return pa.table({name: rows[there.get(name, name)] for name in columns})

    def picture(self, split: str, row: int) -> bytes:
        """Return the file of the picture of a row."""
        return self.index.folder.read(self._rows[split]["file"][row].as_py())

    def names(self, split: str) -> list[str]:
        """Return the names of the pictures of a split below the raw folder."""
        names: list[str] = self._rows[split]["file"].to_pylist()
        return names

    def file(self, split: str, row: int) -> Path | None:
        """Return the file of the picture of a row, links resolved, where the raw folder is one of this machine."""
        folder, name = self.index.folder, self._rows[split]["file"][row].as_py()
        if type(folder) is not RawFolder:  # a zip, or a remote folder
            return None
        below, _, last = str(name).rpartition("/")
        path = Path(self._real(folder.path + os.sep + below), last)  # of a million, each step counts
        if path.is_symlink():
            path = Path(os.path.realpath(path))
        inside = str(path).startswith(folder.data_dir.rstrip(os.sep) + os.sep)
        if path_problem(name) or not inside or not path.is_file():
            folder.read(name)  # says why not
        return path


class _Parquet(Rows):
    """Shards, each with its path and its number of rows, that subclasses make readable column by column."""

    def __init__(
        self, name: str, config: str, shards: Mapping[str, list[tuple[str, int]]], revision: str | None
    ) -> None:
        super().__init__(
            name, config, {split: sum(rows for _, rows in files) for split, files in shards.items()}, revision
        )
        self._shards = shards
        self._lock = threading.Lock()  # pictures are asked for by several threads of a server
        self._pictures = functools.lru_cache(GROUPS_AT_HAND)(self._read_pictures)
        self._groups = functools.lru_cache(GROUPS_AT_HAND)(self._read_groups)

    @contextmanager
    def _open(self, path: str) -> Iterator[pq.ParquetFile]:
        file = self._local(path)
        try:
            with pa.OSFile(os.fspath(file)) as source, pq.ParquetFile(source, pre_buffer=False) as parquet:
                yield parquet
        except (pa.ArrowException, OSError, UnicodeError, MemoryError, IndexError, KeyError) as error:
            said = str(error).partition("\n")[0].replace(os.fspath(file), path)
            raise ValueError(f"{self.name}: {path} cannot be read ({said})") from None

    @abstractmethod
    def _local(self, path: str) -> Path: ...

    @abstractmethod
    def _fetch(self, path: str, columns: list[str], group: int | None) -> None: ...

    def _table(self, split: str, columns: list[str]) -> pa.Table:
        return pa.concat_tables(self._columns(path, columns) for path, _ in self._shards[split]).select(columns)

    def _columns(self, path: str, columns: list[str]) -> pa.Table:
        self._fetch(path, columns, None)
        with self._open(path) as parquet:
            if missing := [name for name in columns if name not in parquet.schema_arrow.names]:
                raise ValueError(f"{self.name}: {path} has no column {missing[0]!r}")
            table = parquet.read(columns=columns)
        wanted = FEATURES[SUBSETS[self.config].kind].arrow_schema
        try:
            return table.select(columns).cast(pa.schema([wanted.field(name) for name in columns]))
        except (pa.ArrowException, ValueError) as error:
            said = str(error).partition("\n")[0]
            raise ValueError(f"{self.name}: {path} has other columns than config {self.config} ({said})") from None

    def picture(self, split: str, row: int) -> bytes:
        """Return the file of the picture of a row; those of its row group are kept for a while."""
        files = iter(self._shards[split])
        path, rows = next(files)
        while row >= rows:
            row, (path, rows) = row - rows, next(files)
        with self._lock:
            group = 0
            while row >= (rows := self._groups(path)[group]):
                row, group = row - rows, group + 1
            content: bytes | None = self._pictures(path, group)[row].as_py()
        if content is None:
            raise ValueError(f"{self.name}: {path} has no picture in row {row} of row group {group}")
        return content

    def _read_groups(self, path: str) -> list[int]:
        """Return the number of rows of each row group of a shard."""
        with self._open(path) as parquet:
            return [parquet.metadata.row_group(group).num_rows for group in range(parquet.num_row_groups)]

    def _read_pictures(self, path: str, group: int) -> pa.Array:
        self._fetch(path, [IMAGE], group)
        with self._open(path) as parquet:
            column = parquet.read_row_group(group, columns=[IMAGE]).column(0).combine_chunks()
        return column.field("bytes")


class ParquetRows(_Parquet):
    """A folder with shards as a push writes them, `CONFIG/SPLIT-00000.parquet`: a work directory, or a snapshot."""

    def __init__(self, config: str, folder: Path) -> None:
        self._folder = folder
        shards: dict[str, list[tuple[str, int]]] = {}
        for file in sorted((folder / config).glob("*.parquet")):
            path = f"{config}/{file.name}"
            if place := split_of(path):
                try:
                    shards.setdefault(place[1], []).append((path, read_footer(file).rows))
                except ValueError as error:
                    raise ValueError(f"{file} {error}") from None
        super().__init__(str(folder), config, shards, None)

    def _local(self, path: str) -> Path:
        return self._folder / path

    def _fetch(self, path: str, columns: list[str], group: int | None) -> None:
        pass  # it is all here


class HubRows(_Parquet):
    """A dataset repository of the Hub that HF_ENDPOINT names, at one commit; what was read stays in `folder`."""

    def __init__(self, config: str, repo_id: str, revision: str | None, folder: Path, say: Say) -> None:
        repository = DatasetRepository(repo_id, say)
        head = repository.existing_head(revision)
        files = {path: file for path, file in head.files.items() if (split_of(path) or ("",))[0] == config}
        self._mirror = Mirror(folder, files, Reads(repo_id, head.commit, files, say))
        found, lost = read_shards(self._mirror, self._mirror.sizes, workers=4)
        refused = [f"{path}: {why}" for path, why in self._mirror.refused.items()]
        if problems := [*refused, *map(str, lost)]:
            raise ValueError(f"{repo_id} at {head.commit[:12]}: {problems[0]}")
        self._published: dict[str, PublishedShard] = {shard.path: shard for shard in found}
        self._there: set[tuple[str, str, int | None]] = set()
        shards: dict[str, list[tuple[str, int]]] = {}
        for shard in found:
            shards.setdefault(shard.split, []).append((shard.path, shard.footer.rows))
        super().__init__(f"{repo_id}@{head.commit[:12]}", config, shards, head.commit)

    def _local(self, path: str) -> Path:
        return self._mirror.path(path)

    def _fetch(self, path: str, columns: list[str], group: int | None) -> None:
        wanted = [name for name in columns if (path, name, group) not in self._there]
        try:
            self._mirror.fetch(path, chunk_ranges(self._published[path], wanted, group))
        except Unreadable as error:
            raise ValueError(f"{self.name}: {path} {error}") from None
        self._there |= {(path, name, group) for name in wanted}


@contextmanager
def open_rows(
    config: str,
    *,
    data_dir: Path | str | None = None,
    repo_id: str | None = None,
    revision: str | None = None,
    say: Say = lambda line: None,
) -> Iterator[Rows]:
    """Open the rows of a config: of a folder (a raw tree, or shards below `CONFIG/`) or of a repository of the Hub.

    Raises FileNotFoundError or ValueError for what is missing or wrong, HubError where the Hub does not give it. `say`
    is told of every wait for the Hub. What comes from the Hub lies in a temporary folder until the end.
    """
    if config not in SUBSETS:
        raise ValueError(f"config {config!r} is none of {', '.join(SUBSETS)}")
    if data_dir is not None:
        if not is_remote(str(data_dir)) and any((Path(data_dir) / config).glob("*.parquet")):
            yield _with_splits(ParquetRows(config, Path(data_dir)))
        else:
            yield RawRows(config, data_dir)
    elif repo_id is None:
        raise ValueError("neither a folder nor a repository was given")
    else:
        with tempfile.TemporaryDirectory(prefix="diffusionfer-") as folder:
            yield _with_splits(HubRows(config, repo_id, revision, Path(folder), say))


def _with_splits(rows: Rows) -> Rows:
    if not rows.splits:
        raise FileNotFoundError(f"{rows.name} has no shard of config {rows.config} ({rows.config}/SPLIT-00000.parquet)")
    return rows
