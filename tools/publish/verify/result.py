"""What verification is given and finds: shards as expected, differences of files and rows, and the result of them all.

Data first: the commands turn differences into text or JSON. What a repository holds is untrusted, so whatever a detail
quotes of it is short and visible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tools.check.findings import quote, visible

What = Literal["missing", "extra", "different", "unreadable"]

# Rows that are named one by one, for each file and kind of difference; of more, their number is said.
MOST_NAMED = 20


@dataclass(frozen=True)
class Expected:
    """A shard as it must be published: its path in the repository, bytes, sha256, and rows."""

    path: str
    size: int
    sha256: str
    rows: int


@dataclass(frozen=True)
class Difference:
    """One difference: the path in the repository, which kind it is, and what exactly.

    `row` is the row's number in its Parquet file, from 1, `image_id` and `column` say which row and cell it is; None
    where the difference is one of the whole file.
    """

    path: str
    what: What
    detail: str
    row: int | None = None
    image_id: str | None = None
    column: str | None = None

    @property
    def order(self) -> tuple[str, int, str, str, str]:
        """The key that sorts differences: by file, by row, by column."""
        return (self.path, self.row or 0, self.column or "", self.what, self.detail)

    def __lt__(self, other: Difference) -> bool:
        """Order by file, row and column; what is of the whole file comes first."""
        return self.order < other.order

    def __str__(self) -> str:
        """Return the difference in one line: which file, what is the matter, and what exactly."""
        return f"{visible(self.path)} is {self.what}: {visible(self.detail)}"

    def as_json(self) -> dict[str, Any]:
        """Return the difference as a mapping of plain values, for machines."""
        return dict(vars(self))


@dataclass(frozen=True)
class Verified:
    """What was verified, and every difference, sorted.

    `files` and `published_bytes` are those of the listing, `rows` those of the footers that were read, `images` those
    whose sha256 was recomputed, `bytes_fetched` what of the files' content came over the network. `compared` are the
    configs whose rows were compared with the raw data, `not_compared` those that are published without data at hand.
    """

    repo_id: str
    endpoint: str
    commit: str
    files: int
    published_bytes: int
    rows: int
    images: int
    bytes_fetched: int
    compared: list[str]
    not_compared: list[str]
    differences: list[Difference]

    def as_json(self) -> dict[str, Any]:
        """Return the result as a mapping of plain values, for machines."""
        return {**vars(self), "differences": [difference.as_json() for difference in self.differences]}

    def as_text(self) -> str:
        """Return the result for a person: a line for each difference, and what was looked at."""
        lines = [str(difference) for difference in self.differences]
        what = f"{self.files:,} files, {self.rows:,} rows"
        what += f", the bytes of {self.images:,} images" if self.images else ""
        if self.compared:
            what += f"; compared with the raw data: {', '.join(self.compared)}"
        if self.not_compared:
            what += f"; no raw data here for {', '.join(self.not_compared)}"
        count = len(self.differences)
        result = f"{count:,} difference{'s' * (count > 1)}" if count else "no difference"
        lines.append(f"{self.repo_id} at {self.endpoint}, commit {self.commit}: {result}")
        lines.append(f"{what}; {self.bytes_fetched:,} of {self.published_bytes:,} bytes were fetched")
        return "\n".join(lines)


def row_difference(path: str, what: What, row: int | None, image_id: str, column: str | None, why: str) -> Difference:
    """Return the difference of a row; `row` is counted from 0, None for a row that is in no file."""
    where = f"row {row + 1:,}, " if row is not None else ""
    cell = f", column {column}" if column else ""
    detail = f"{where}image_id {quote(image_id)}{cell}: {why}"
    return Difference(path, what, detail, None if row is None else row + 1, image_id, column)


def named(differences: Iterable[Difference]) -> Iterator[Difference]:
    """Pass on the first differences of each path, kind and column, and say how many more there are."""
    seen: dict[tuple[str, What, str | None], int] = {}
    for difference in differences:
        column = re.split(r"[.\[]", difference.column)[0] if difference.column else None  # of a part, the whole
        key = (difference.path, difference.what, column)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= MOST_NAMED:
            yield difference
    for (path, what, column), count in seen.items():
        if count > MOST_NAMED:
            which = f", column {column}" if column else ""
            yield Difference(path, what, f"and {count - MOST_NAMED:,} more rows{which}", column=column)
