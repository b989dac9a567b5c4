"""Export `webdataset`: tar shards by the webdataset library, `train-00000.tar` and so on.

A sample is the picture (`.png`, by its bytes), the labels (`.json`) and, where there are seven classes, the index of
the class (`.cls`). Shards hold no times and no users.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from tools.check.images.formats import ENDINGS, format_of
from tools.use.export import names
from tools.use.export.job import Job, as_json, as_text
from tools.use.export.source import MAGIC_BYTES, Part, Source

INSTALL = "the format webdataset needs the library of that name: pip install 'diffusionfer[export]'"
SHARD_BYTES = 500_000_000  # as of a push
# datasets, webdataset.py: it takes the types of all columns from the first so many samples.
SAMPLES = 5
BUFFER = 2**16  # of small writes: labels, headers and padding; a picture that is larger passes by it
COPY = 2**24  # of a picture at once


class _Shard:
    """A tar file being written; dropped, it takes what is still written to it and does nothing."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] | None = path.open("xb", buffering=BUFFER)

    def write(self, data: bytes) -> int:
        if self._file is None:
            return len(data)
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell() if self._file is not None else 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def drop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # of a full disk: that was said already
                file.close()


def check() -> None:
    """Raise ValueError where the library is missing."""
    try:
        import webdataset  # noqa: F401
    except ImportError:
        raise ValueError(INSTALL) from None


def write(job: Job) -> None:
    """Write the shards of each split."""
    source = job.source
    unknown = _unknown(source)
    form = ""
    for part in source.parts:
        keys = [_key(name, part) for name in part.names]
        if wrong := next(names.problems(keys, suffix=False), None):
            raise ValueError(f"{source.rows.name}: as a sample of a shard, {wrong}")
        records = source.records(part)
        with _shards(job.folder, part.split) as shards:
            for picture in source.pictures(part, as_bytes=True):
                content = picture.content or b""
                kind = ENDINGS[format_of(content[:MAGIC_BYTES]) or ""][0].removeprefix(".")
                form = form or kind
                if kind != form:
                    source.refuse(
                        picture.row, part, f"is a {kind}, others are {form}: a reader of shards wants one kind"
                    )
                    continue
                record = next(records)
                sample: dict[str, Any] = {"__key__": keys[picture.row], kind: content}
                sample["json"] = as_json(_settled(record, unknown, source.features)).encode()
                if "emotion" in record:
                    sample["cls"] = str(source.features["emotion"].str2int(record["emotion"])).encode()
                shards.write(sample)
                job.written += 1
    source.check()


def how_to_load(job: Job) -> str:
    """Return what a user types."""
    return f'load_dataset("webdataset", data_dir={str(job.target)!r})'


@contextmanager
def _shards(folder: Path, split: str) -> Iterator[Any]:
    from webdataset import ShardWriter

    class Writer(ShardWriter):
        def next_stream(self) -> None:
            """Begin a shard: the library's, but written to as it comes, not by way of pieces of 10 KiB."""
            super().next_stream()
            self.tarstream.tarstream = tarfile.TarFile(  # the library closes it
                fileobj=self.tarstream.stream, mode="w", format=tarfile.PAX_FORMAT, copybufsize=COPY
            )

    opened: list[_Shard] = []

    def start(name: str) -> _Shard:
        opened.append(_Shard(folder / name))
        return opened[-1]

    try:
        # The pattern has no folder: in that of a target, a percent sign would count as well.
        options = {"user": "", "group": "", "mtime": 0, "compress": False}
        writer = Writer(
            f"{split}-%05d.tar",
            maxsize=SHARD_BYTES,
            verbose=0,
            opener=start,
            post=lambda name: opened[-1].close(),
            **options,
        )
        yield writer
        writer.close()
    except BaseException:
        for shard in opened:  # the library would write on when its objects go
            shard.drop()
        raise


def _key(name: str, part: Part) -> str:
    """Return what the files of a sample have in common: the name, in whose last part a dot would begin the ending."""
    folder, slash, last = (names.stem(name) if part.has_files else name).rpartition("/")
    return folder + slash + last.replace(".", "_")


def _unknown(source: Source) -> dict[tuple[str, ...], bool]:
    """Return the values that are not written as they are: False for those of which none is known, which are left out.

    True for those of which none is known in the first samples of a split, but later is: readers would take the type
    from those samples. They are text, as in the sheet, and empty where unknown.
    """
    found = {}
    for place in _places(source.features):
        columns = [_column(part.table, place) for part in source.parts]
        if all(column.null_count == len(column) for column in columns):
            found[place] = False
        elif any(column[:SAMPLES].null_count == len(column[:SAMPLES]) for column in columns):
            found[place] = True
    return found


def _places(features: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    for name, feature in features.items():
        if name != "image":
            yield from ((name, child) for child in feature) if isinstance(feature, dict) else ((name,),)


def _column(table: pa.Table, place: tuple[str, ...]) -> pa.ChunkedArray:
    column = table[place[0]]
    for child in place[1:]:
        column = pa.chunked_array(
            [pc.struct_field(chunk, child) for chunk in column.chunks], column.type.field(child).type
        )
    return column


def _settled(record: dict[str, Any], unknown: dict[tuple[str, ...], bool], features: dict[str, Any]) -> dict[str, Any]:
    """Return the labels of a sample; see _unknown."""
    settled: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(feature := features[name], dict):
            value = {child: (value or {}).get(child) for child in feature if unknown.get((name, child)) is not False}
            settled |= {name: {child: _as_known(one, unknown.get((name, child))) for child, one in value.items()}}
            if not value:
                del settled[name]
        elif unknown.get((name,)) is not False:
            settled[name] = _as_known(value, unknown.get((name,)))
    return settled


def _as_known(value: Any, late: bool | None) -> Any:
    return str(as_text(value)) if late else value
