"""What the card says of the data, as numbers: counted from the sheet, the pictures and the Parquet footers.

In go a data directory and the shards; out comes a Description. Whoever renders a table, a figure or a Croissant file
takes what it needs from there and counts nothing itself, so that no two places of the card can differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from DiffusionFER import FACE_FEATURES, FEATURES, SPLITS, SUBSETS
from tools.check.findings import quote, visible
from tools.check.sheet.read import Sheet, read_sheet, rows_missing, size_of
from tools.check.sheet.rules import COLUMN_MISSING, COLUMN_TWICE, COLUMN_TYPE
from tools.check.sheet.schema import broken_cells
from tools.describe.facts.pictures import VALIDATE, Pictures, pictures_of, words_of
from tools.describe.facts.rows import ORDERS, Cell, Column, Counts, Spread, ranks
from tools.describe.header import Facts, facts_of

__all__ = ["Column", "Description", "Faces", "Facts", "Pictures", "Spread", "describe"]

VARIANTS = ("original", "cropped")
BUILD = "build them by python tools/push.py --rehearse"


@dataclass(frozen=True)
class Faces:
    """One size of DiffusionFER, small, medium or large; its originals and its crops share the rows of the sheet.

    `splits` has rows by split and emotion, for the splits that have rows, `cells` rows by emotion, race, age and gender
    (None where the sheet has none), `points` (valence, arousal) of rows of each emotion, at most POINTS of them, spread
    evenly over the rows by path, and `gallery` the names of some pictures of each emotion, below the folder of either
    variant. `valence` and `arousal` have the emotions that have rows, all else has all seven. `pictures` is by variant,
    "original" or "cropped", as far as it is described and the data directory has it; `models` has rows by what made
    the picture, as far as the sheet says it.
    """

    size: str
    rows: int
    splits: dict[str, dict[str, int]]
    valence: dict[str, Spread]
    arousal: dict[str, Spread]
    points: dict[str, list[tuple[float, float]]]
    cells: dict[Cell, int]
    columns: list[Column]
    pictures: dict[str, Pictures]
    gallery: dict[str, list[str]]
    models: dict[str, int]

    def by(self, *columns: str) -> dict[tuple[str | None, ...], int]:
        """Return rows by one or more of emotion, race, age and gender, in the order of the labels and the prompts."""
        places = [list(ORDERS).index(column) for column in columns]
        counts: dict[tuple[str | None, ...], int] = {}
        for cell, count in self.cells.items():
            key = tuple(cell[place] for place in places)
            counts[key] = counts.get(key, 0) + count
        return dict(sorted(counts.items(), key=lambda item: ranks(columns, item[0])))


@dataclass(frozen=True)
class Description:
    """Everything that the card is rendered from: faces by size, and what the footers of the shards say, by config.

    `data_dir` is a folder, or the URL of one on a remote file system.
    """

    data_dir: Path | str
    faces: dict[str, Faces] = field(default_factory=dict)
    shards: dict[str, Facts] = field(default_factory=dict)


def describe(data_dir: Path | str, shards: Mapping[str, Iterable[tuple[str, Path]] | Facts]) -> Description:
    """Count everything that the card is rendered from; `shards` are the files of each config as (split, file).

    Where their footers need not be read, for whoever built them knows what they say, `shards` has the Facts instead.

    What `shards` does not name is not described, so that a part can be published; EmoNet is described by its footers
    alone. Raises ValueError, with the file, the row and the value at fault and the way out: for a config without a
    shard, a sheet that is missing or cannot be read, a value in it that cannot be published, shards whose rows are not
    those of the sheet, and a picture that is missing or whose header cannot be read.
    """
    if unknown := sorted(set(shards) - set(SUBSETS)):
        raise ValueError(f"there is no config {quote(unknown[0])}: the configs are {', '.join(SUBSETS)}")
    facts = {config: _facts(config, shards[config]) for config in SUBSETS if config in shards}
    sizes = list(dict.fromkeys(size_of(config) for config in facts if SUBSETS[config].kind == "faces"))
    if facts and not sizes:
        return Description(data_dir, {}, facts)
    sheet = _sheet(data_dir)
    counted = {size: _faces(sheet, size, facts) for size in sizes}
    paths = {size: sheet.of_size(size).only("path") for size in sizes}
    del sheet  # a large one, and listing as many files takes as much memory again
    faces = {size: _with_pictures(counted[size], paths[size], data_dir, facts) for size in sizes}
    return Description(data_dir, faces, facts)


def _facts(config: str, shards: Iterable[tuple[str, Path]] | Facts) -> Facts:
    if isinstance(shards, Facts):
        return shards
    files = list(shards)
    if not files:
        raise ValueError(f"{config} has no shards: {BUILD}")
    try:
        facts = facts_of(files)
        if facts.features != FEATURES[SUBSETS[config].kind]._to_yaml_list():
            raise ValueError("their columns are not those of this config")
        return facts
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise ValueError(f"the shards of {config} cannot be read ({reason}): {BUILD}") from error


def _sheet(data_dir: Path | str) -> Sheet:
    sheet, findings = read_sheet(str(data_dir))
    of_columns = {rule.id for rule in (COLUMN_MISSING, COLUMN_TWICE, COLUMN_TYPE)}
    wrong = [finding for finding in findings if sheet is None or finding.rule in of_columns]
    if sheet is None or wrong:
        raise ValueError(words_of(wrong[0]))
    return sheet


def _faces(sheet: Sheet, size: str, facts: Mapping[str, Facts]) -> Faces:
    """Return what the rows of a size say, its pictures not yet looked at."""
    rows = sheet.of_size(size)
    if not rows.table.num_rows:
        raise ValueError(words_of(rows_missing(sheet, size)))
    if broken := next(broken_cells(rows), None):
        words = f"{broken.column} {visible(broken.words)}"
        raise ValueError(f"{rows.name} row {rows.row(broken.place)}: {words}; {VALIDATE}")
    counts = Counts(rows)
    splits = counts.splits()
    for config in (f"{size}_{variant}" for variant in VARIANTS):
        if config in facts:
            _agree(config, facts[config], splits)
    return Faces(
        size=size,
        rows=rows.table.num_rows,
        splits=splits,
        valence=counts.spreads("valence"),
        arousal=counts.spreads("arousal"),
        points=counts.points(),
        cells=counts.cells(),
        columns=[counts.column(name) for name in FACE_FEATURES],
        pictures={},
        gallery=counts.gallery(),
        models=counts.models(),
    )


def _with_pictures(faces: Faces, paths: Sheet, data_dir: Path | str, facts: Mapping[str, Facts]) -> Faces:
    pictures: dict[str, Pictures] = {}
    for variant in VARIANTS:
        config = f"{faces.size}_{variant}"
        if config in facts and (found := pictures_of(config, paths, data_dir)):
            pictures[variant] = found
    gallery = faces.gallery if pictures else {emotion: [] for emotion in faces.gallery}
    return replace(faces, pictures=pictures, gallery=gallery)


def _agree(config: str, facts: Facts, splits: Mapping[str, Mapping[str, int]]) -> None:
    """Raise ValueError where the shards of a config have other rows than the sheet."""
    for split in SPLITS:
        held, wanted = facts.rows.get(split, 0), sum(splits.get(split, {}).values())
        if held != wanted:
            raise ValueError(f"the shards of {config} hold {held:,} {split} rows, the sheet has {wanted:,}: {BUILD}")
