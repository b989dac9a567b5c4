"""What is exported: the rows of some splits, with names and labels as other programs read them, and their pictures.

In go the rows of a config; out come plain values a row, and pictures one after another, as files where they are files
of this machine and as bytes elsewhere. Pictures that cannot be had are gathered, so that all are told at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Features, Value

from DiffusionFER import EMOTIONS, FEATURES, SPLITS, SUBSETS
from tools.check.findings import quote
from tools.check.images.formats import ENDINGS, HEAD_BYTES, Header, format_of, header_of_head
from tools.use.export import names
from tools.use.rows import Rows

ROWS_AT_A_TIME = 1000
SHOWN = 3  # of what is wrong; the rest is counted
MAGIC_BYTES = 16


@dataclass(frozen=True)
class Picture:
    """A picture that is there: its row, its name with the ending, and its file or its bytes."""

    row: int
    name: str
    file: Path | None
    content: bytes | None

    def header(self) -> Header | None:
        """Return size and format; None where the first bytes do not tell them."""
        return header_of_head(self.content[:HEAD_BYTES] if self.content is not None else _head(self.file, HEAD_BYTES))


@dataclass
class Part:
    """The rows of one split: their columns without the picture, and the names, without endings where there are none."""

    split: str
    table: pa.Table
    names: list[str]
    has_files: bool  # names have their endings


@dataclass
class Source:
    """The splits of a config that are exported; `advance` is told of every picture that is done."""

    rows: Rows
    parts: list[Part]
    advance: Callable[[], object] = lambda: None
    _wrong: list[str] = field(default_factory=list)
    _count: int = 0

    @property
    def config(self) -> str:
        """The config."""
        return self.rows.config

    @property
    def features(self) -> Features:
        """The published columns."""
        return FEATURES[SUBSETS[self.config].kind]

    @property
    def total(self) -> int:
        """The number of pictures."""
        return sum(len(part.names) for part in self.parts)

    def records(self, part: Part, columns: Iterable[str] | None = None) -> Iterator[dict[str, Any]]:
        """Yield the rows of a part as plain values: emotions by name, numbers in their shortest form."""
        columns = list(columns or part.table.column_names)
        features = self.features
        for batch in part.table.select(columns).to_batches(ROWS_AT_A_TIME):
            for row in batch.to_pylist():
                yield {column: plain(features[column], row[column]) for column in columns}

    def known(self) -> list[str]:
        """Return the columns of which at least one row, of whatever split, has a value."""
        names_of = [name for name in self.features if name != "image"]
        return [name for name in names_of if any(len(p.names) > p.table[name].null_count for p in self.parts)]

    def pictures(self, part: Part, *, as_bytes: bool = False) -> Iterator[Picture]:
        """Yield the pictures of a part; after the first that is wrong, none any more.

        With `as_bytes` each comes with its bytes, in the order of the rows. Files come folder by folder, as `cp -r`
        takes them: a file system writes one folder after another faster than all in turns. In `part.names` each name
        gets its ending. Raises HubError where the Hub does not give a picture.
        """
        order: Iterable[int] = range(len(part.names))
        if part.has_files and not as_bytes:
            order = sorted(order, key=part.names.__getitem__)
        for row in order:
            name = part.names[row]
            try:
                picture = self._picture(part, row, name, as_bytes)
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                self._add(f"{quote(name)} cannot be read ({reason})")
            else:
                part.names[row] = picture.name
                if not self._count:
                    yield picture
            self.advance()

    def refuse(self, row: int, part: Part, problem: str) -> None:
        """Note that a picture cannot be exported."""
        self._add(f"{quote(part.names[row])} {problem}")

    def check(self) -> None:
        """Raise ValueError where a picture could not be exported."""
        if self._count:
            of = f"{self._count:,} of {self.total:,} pictures of {self.config} cannot be exported"
            raise ValueError(f"{self.rows.name}: {of}: {_first(self._wrong, self._count)}")

    def _picture(self, part: Part, row: int, name: str, as_bytes: bool) -> Picture:
        file = self.rows.file(part.split, row)
        content: bytes | None = None
        if file is None:
            content = self.rows.picture(part.split, row)
        elif as_bytes:
            content, file = file.read_bytes(), None
        kind = format_of(content[:MAGIC_BYTES] if content is not None else _head(file, MAGIC_BYTES))
        if kind is None:
            raise ValueError("it does not begin as a picture does")
        return Picture(row, name if part.has_files else name + ENDINGS[kind][0], file, content)

    def _add(self, problem: str) -> None:
        self._count += 1
        if len(self._wrong) < SHOWN:
            self._wrong.append(problem)


def open_source(rows: Rows, splits: Iterable[str], *, by_class: bool, advance: Callable[[], object]) -> Source:
    """Return what is to be exported of some splits (none: all). With `by_class` the only folder is that of the class.

    Raises ValueError for a split that is not there, for names that cannot be those of files, and for labels that are
    none; what reading the columns raises.
    """
    parts = []
    wanted = list(dict.fromkeys(splits))
    wanted.sort(key=lambda split: SPLITS.index(split) if split in SPLITS else len(SPLITS))  # in whatever order given
    for split in wanted or rows.splits:
        table = rows.table(split)
        _check_labels(rows, split, table)
        files = rows.names(split)
        part = Part(split, table, names.ids(table) if files is None else files, files is not None)
        if by_class:
            part.names = names.by_class(part.names, table)
        parts.append(part)
    together = [[name for part in parts for name in part.names]] if by_class else [part.names for part in parts]
    wrong = [problem for some in together for problem in names.problems(some, suffix=parts[0].has_files)]
    if wrong:
        count = f"{len(wrong):,} name{'s' * (len(wrong) != 1)} of pictures cannot be used"
        raise ValueError(f"{rows.name}: {count}: {_first(wrong, len(wrong))}")
    return Source(rows, parts, advance)


def plain(feature: Any, value: Any) -> Any:
    """Return a value of a column as text formats write it: a label as its name, a float32 with no digit too many."""
    if value is None:
        return None
    if isinstance(feature, ClassLabel):
        return feature.int2str(value)
    if isinstance(feature, dict):
        return {name: plain(of, value[name]) for name, of in feature.items()}
    if isinstance(value, list):
        inner = feature[0] if isinstance(feature, list) else feature.feature
        return [plain(inner, one) for one in value]
    if isinstance(feature, Value) and feature.dtype == "float32":
        return float(str(np.float32(value)))
    return value


def _check_labels(rows: Rows, split: str, table: pa.Table) -> None:
    """Refuse what only a sheet that was checked rules out: shards may say anything."""
    for column in {"emotion", "valence", "arousal"} & set(table.column_names):
        values, most = table[column], len(EMOTIONS) - 1 if column == "emotion" else 1.0
        least = 0 if column == "emotion" else -1.0
        good = pc.and_(pc.greater_equal(values, least), pc.less_equal(values, most))
        if (row := pc.index(pc.fill_null(good, False), False).as_py()) >= 0:
            told = f"{column} {values[row].as_py()!r} is not a number from {least:g} to {most:g}"
            raise ValueError(f"{rows.name}: row {row:,} of {split} (from 0): {told}")


def _head(file: Path | None, count: int) -> bytes:
    if file is None:
        raise ValueError("neither a file nor bytes")
    with file.open("rb", buffering=0) as opened:
        return opened.read(count)


def _first(problems: list[str], count: int) -> str:
    more = f"; and {count - SHOWN:,} more" if count > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more
